import { equalJson } from '../../machinery/meta/json-value.ts'
import { isOneOf } from './checks.ts'
import type { Interpretation } from './interpretation.ts'

/** Lost if one is, else Pending until all are bound. Each member has a volume of its own; capacities are shown where they agree. */
export const persistentVolumeClaim: Interpretation = {
  own: [['spec', 'volumeName']],
  alarmsOnly: true,
  status(given, merged) {
    const phases = given.map(({ value }) => value['phase']), capacity = given[0]!.value['capacity']
    const phase = phases.includes('Lost') ? 'Lost' : (phases.findLast((phase) => phase !== 'Bound') ?? 'Bound')
    return { phase, capacity: given.every(({ value }) => equalJson(value['capacity'], capacity)) ? capacity : undefined, accessModes: merged['accessModes'] }
  },
  isHealthy: isOneOf('status.phase', 'Bound'),
  unsent: [['metadata', 'annotations', 'volume.kubernetes.io/selected-node']],
  kept: ['spec.volumeName'],
}
