/** What the runs of a spec, on a bare member and on the fleet, say about the fleet. */
import type { Run, Spec } from './specs.ts'

export interface Outcome {
  readonly spec: Spec
  /** Absent: it was not run there. */
  readonly member?: Run
  readonly fleet?: Run
}

/** A reason, and the specs that it keeps from passing; data of not-applicable.json. */
export interface Exemption { readonly reason: string; readonly specs: readonly string[] }

export type Verdict =
  | { readonly verdict: 'passed' | 'not run' }
  | { readonly verdict: 'failed' | 'not applicable'; readonly reason: string }
  /** It is said not to apply, yet it passes: the list is out of date. */
  | { readonly verdict: 'wrongly exempt'; readonly reason: string }

export function judge({ spec, member, fleet }: Outcome, exemptions: readonly Exemption[]): Verdict {
  if (member && member.outcome !== 'passed') return { verdict: 'not applicable', reason: `does not pass on a bare member of the test bed: ${firstLine(member.message)}` }
  if (!fleet) return { verdict: 'not run' }
  const reason = exemptions.find(({ specs }) => specs.includes(spec.name))?.reason
  if (fleet.outcome === 'passed') return reason === undefined ? { verdict: 'passed' } : { verdict: 'wrongly exempt', reason }
  if (fleet.outcome === 'skipped') return { verdict: 'not applicable', reason: fleet.message }
  return reason === undefined ? { verdict: 'failed', reason: firstLine(fleet.message) } : { verdict: 'not applicable', reason }
}

/** What is wrong with the list itself: names that no spec has, or two reasons for one. */
export function checkExemptions(exemptions: readonly Exemption[], names: ReadonlySet<string>): string[] {
  const listed = exemptions.flatMap(({ specs }) => specs)
  return [
    ...listed.filter((name) => !names.has(name)).map((name) => `no such spec: ${name}`),
    ...[...new Set(listed.filter((name, at) => listed.indexOf(name) !== at))].map((name) => `listed twice: ${name}`),
  ]
}

/** One row per group of specs, and their sum: what passes on the member, and what the verdicts on the fleet are. */
export function tally(judged: readonly { readonly outcome: Outcome; readonly verdict: Verdict }[]): string[][] {
  const row = (name: string, some: typeof judged) => {
    const count = (...verdicts: Verdict['verdict'][]) => String(some.filter(({ verdict }) => verdicts.includes(verdict.verdict)).length)
    return [name, String(some.length), String(some.filter(({ outcome }) => outcome.member?.outcome === 'passed').length), count('passed', 'wrongly exempt'), count('failed'), count('not applicable')]
  }
  const sigs = [...new Set(judged.map(({ outcome }) => outcome.spec.sig))].sort()
  return [
    ['SIG', 'SPECS', 'MEMBER PASSED', 'FLEET PASSED', 'FAILED', 'NOT APPLICABLE'],
    ...sigs.map((sig) => row(sig, judged.filter(({ outcome }) => outcome.spec.sig === sig))),
    row('all', judged),
  ]
}

const firstLine = (text: string) => text.split('\n').find((line) => line.trim() !== '')?.trim().slice(0, 300) ?? ''
