import { timestamp } from '../../../machinery/meta/timestamp.ts'
import type { Filter } from './filter.ts'

/** Missing data is unknown, never absence: what is a target already stays one while its cluster does not answer, or is refused. */
export const connection: Filter = ({ state, isTarget }) => {
  if (isTarget || state.state === 'ready') return undefined
  switch (state.state) {
    case 'connecting': return { reason: 'NotConnected', message: 'was not reached yet' }
    case 'unreachable': return { reason: 'Unreachable', message: `has not answered since ${timestamp(state.since)}: ${state.reason}` }
    default: return { reason: 'Refused', message: `is refused: ${state.reason}` }
  }
}
