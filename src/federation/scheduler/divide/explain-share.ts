import type { DivisionRule } from '../placement-request.ts'
import type { Candidate } from '../select/candidate.ts'
import { preferenceOf } from './planner.ts'

/** Of more clusters none is explained: their number says enough. */
const EXPLAINED_MAX = 50

/** `waiting`: of the count, those that there is no room for. */
type Explain = (candidate: Candidate, count: number, waiting?: number) => { readonly message?: string }

/**
 * Why a cluster gets so many of `total` replicas that are shared out among `selected`: one sentence about the cluster, without its full stop. What is decided anew every time says nothing that changes by being carried out.
 *
 *     gets 6 of 9 replicas by weight 2 of 3
 *     gets 4 of 12 replicas: it had 1, and room for 8 more
 */
export function explainShares(division: DivisionRule, { selected, total }: { readonly selected: readonly Candidate[]; readonly total: number }): Explain {
  if (selected.length > EXPLAINED_MAX) return () => ({})
  // Each tier is divided by itself.
  const tiers = new Map([...Map.groupBy(selected, ({ tier }) => tier)].map(([tier, clusters]) => [tier, reasons(division, clusters)]))
  return (candidate, count, waiting = 0) => ({
    message: `gets ${division.algorithm === 'Duplicated' ? `all ${total}` : `${count} of ${total}`} replicas${tiers.get(candidate.tier)!(candidate)}${candidate.tier > 0 ? `, as overflow of tier ${candidate.tier}` : ''}${waiting > 0 ? `; ${waiting} of them wait for room` : ''}`,
  })
}

function reasons(division: DivisionRule, selected: readonly Candidate[]): (candidate: Candidate) => string {
  switch (division.algorithm) {
    case 'Duplicated': return () => ''
    case 'StaticWeight': {
      const sum = selected.reduce((total, { cluster }) => total + division.weightOf(cluster), 0)
      return ({ cluster }) => (sum === 0 ? `, like each of ${selected.length} clusters` : ` by weight ${division.weightOf(cluster)} of ${sum}`)
    }
    case 'Preferences': {
      const { preferences } = division, sum = selected.reduce((total, { name }) => total + (preferenceOf(preferences, name)?.weight ?? 0), 0)
      return ({ name }) => {
        const { weight = 0, minReplicas = 0, maxReplicas } = preferenceOf(preferences, name) ?? {}
        return ` by weight ${weight} of ${sum}${minReplicas > 0 ? `, at least ${minReplicas}` : ''}${maxReplicas === undefined ? '' : `, at most ${maxReplicas}`}`
      }
    }
    default: return ({ available, allocatable }) => `: it had ${available - allocatable}, and room for ${allocatable} more`
  }
}
