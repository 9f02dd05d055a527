import { type AnyPolicy, type Claimable, isSamePolicy, type PolicyReference, referenceTo, textOf } from './any-policy.ts'
import { type Rank, RANK, rankOf } from './selector-rank.ts'

export interface ClaimInput {
  readonly template: Claimable
  /** Policies that may select the template: all, or those that `PolicyIndex` names. */
  readonly policies: readonly AnyPolicy[]
  /** status.policy; `generation`: of the policy when it last took effect. */
  readonly current?: PolicyReference & { readonly generation?: number }
}

/** Which policy places a template, and why it is that one. */
export interface Claim {
  /** Absent: none. */
  readonly policy?: PolicyReference
  /**
   * Claimed: newly. Kept: the same as before. Preempted: taken from a policy of lower priority. Waiting: a lazy policy would claim it, once the template changes.
   * NoPolicy: none selects it. Lost: the one before is gone or selects it no more, and no other does.
   */
  readonly outcome: 'Claimed' | 'Kept' | 'Preempted' | 'Waiting' | 'NoPolicy' | 'Lost'
  /** The policy changed, or would claim anew, but is lazy: what was decided before stays in force until the template changes. */
  readonly isPending: boolean
  /** The present targets stay although no policy asks for them: only an explicit change takes a placement away. */
  readonly keepTargets: boolean
  readonly message: string
  /** The others that select the template, the next in line first. */
  readonly losers: readonly Loser[]
}

export interface Loser {
  readonly policy: PolicyReference
  readonly reason: 'AlreadyClaimed' | 'ClusterWide' | 'LowerPriority' | 'LessSpecific' | 'LaterName' | 'Lazy'
  readonly message: string
}

interface Match { readonly policy: AnyPolicy; readonly reference: PolicyReference; readonly rank: Rank; readonly priority: number }

/**
 * Namespaced before cluster-wide, then the highest priority, then the most specific selector, then the first name. A claim stays until its policy is gone or selects the template no more,
 * or until a policy with `preemption: Always` outranks it. A policy that is being deleted counts as gone.
 */
export function match({ template, policies, current }: ClaimInput): Claim {
  const matches = policies.filter(({ metadata }) => !metadata.deletionTimestamp).flatMap((policy) => matchOf(policy, template)).sort(byClaim)
  const held = current && matches.find(({ reference }) => isSamePolicy(reference, current))
  if (held && current) return keepOrPreempt(template, matches, held, current.generation)
  const [best] = matches, was = current ? `${textOf(current)} is gone or selects it no more` : undefined
  if (!best) return { outcome: current ? 'Lost' : 'NoPolicy', isPending: false, keepTargets: current !== undefined, message: was ? `${was}, and no other policy selects it: the present targets stay` : 'no policy selects it', losers: [] }
  if (waits(best.policy, template)) return { outcome: 'Waiting', isPending: true, keepTargets: current !== undefined, message: `${was ? `${was}; ` : ''}${textOf(best.reference)} is lazy and claims it with its next change`, losers: losers(best, matches.slice(1)) }
  return { policy: best.reference, outcome: 'Claimed', isPending: false, keepTargets: false, message: `${was ? `${was}; ` : ''}${textOf(best.reference)} claims it by ${WORDS[best.rank]}`, losers: losers(best, matches.slice(1)) }
}

/** Preemption asks for a selector that names the template, and never happens between equals. */
function keepOrPreempt(template: Claimable, matches: readonly Match[], held: Match, generation: number | undefined): Claim {
  const others = matches.filter((it) => it !== held), preemptor = others.find((it) => mayPreempt(it, held))
  if (preemptor && !waits(preemptor.policy, template)) {
    const rest = matches.filter((it) => it !== preemptor)
    return { policy: preemptor.reference, outcome: 'Preempted', isPending: false, keepTargets: false, message: `${textOf(preemptor.reference)} takes it over from ${textOf(held.reference)}: ${betterThan(preemptor, held).text}`, losers: losers(preemptor, rest) }
  }
  const isPending = waits(held.policy, template) && generation !== undefined && generation !== held.policy.metadata.generation
  return {
    policy: held.reference, outcome: 'Kept', isPending, keepTargets: false, message: isPending ? `${textOf(held.reference)} changed, but is lazy: it takes effect with the next change of the template` : `${textOf(held.reference)} claims it since before`,
    losers: others.map(({ policy, reference, priority }) => (preemptor?.policy === policy
      ? { policy: reference, reason: 'Lazy' as const, message: 'takes it over with the next change of the template' }
      : { policy: reference, reason: 'AlreadyClaimed' as const, message: policy.spec.preemption === 'Always' ? `may not preempt with priority ${priority} against ${held.priority}` : 'came later and does not preempt' })),
  }
}

const matchOf = (policy: AnyPolicy, template: Claimable): Match[] => {
  const { namespace } = policy.metadata, rank = namespace && namespace !== template.namespace ? RANK.none : rankOf(policy.spec.resourceSelectors, template)
  return rank === RANK.none ? [] : [{ policy, reference: referenceTo(policy), rank, priority: policy.spec.priority ?? 0 }]
}

const isNamespaced = ({ reference }: Match) => reference.kind === 'PropagationPolicy'
const byClaim = (a: Match, b: Match) => Number(isNamespaced(b)) - Number(isNamespaced(a)) || b.priority - a.priority || b.rank - a.rank || (a.reference.name < b.reference.name ? -1 : a.reference.name > b.reference.name ? 1 : 0)

const mayPreempt = (it: Match, held: Match) => it.policy.spec.preemption === 'Always' && it.rank === RANK.name && (isNamespaced(it) === isNamespaced(held) ? it.priority > held.priority : isNamespaced(it))

/** A lazy policy does nothing to a template that did not change since the last decision. */
const waits = ({ spec }: AnyPolicy, { generation, observedGeneration }: Claimable) => spec.activationPreference === 'Lazy' && observedGeneration !== undefined && observedGeneration === generation

const losers = (winner: Match, others: readonly Match[]): Loser[] => others.map((it) => { const { reason, text } = betterThan(winner, it); return { policy: it.reference, reason, message: text } })

const WORDS = ['nothing', 'its kind', 'labels', 'name'] as const

function betterThan(winner: Match, loser: Match): { readonly reason: Loser['reason']; readonly text: string } {
  if (isNamespaced(winner) && !isNamespaced(loser)) return { reason: 'ClusterWide', text: 'a policy of the namespace comes before those for all namespaces' }
  if (winner.priority !== loser.priority) return { reason: 'LowerPriority', text: `priority ${winner.priority} is higher than ${loser.priority}` }
  if (winner.rank !== loser.rank) return { reason: 'LessSpecific', text: `with equal priority ${winner.priority}, ${WORDS[winner.rank]} is more specific than ${WORDS[loser.rank]}` }
  return { reason: 'LaterName', text: `all else being equal, ${winner.reference.name} comes before ${loser.reference.name}` }
}
