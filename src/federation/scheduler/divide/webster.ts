import { Heap } from '../../../lib/heap.ts'
import { fnv1a } from '../../../lib/fnv.ts'

/** Equal quotients go to whoever holds less, then by name. */
export type NameOrder = 'ascending' | 'descending'

interface Party { readonly name: string; readonly votes: number; held: number }

/** Which end of the alphabet gets remainders: it differs between workloads, so that these spread, and stays the same for one (Karmada: FNV-1a of the uid, odd means descending). */
export const nameOrderOf = (uid: string): NameOrder => (uid !== '' && fnv1a(uid) % 2 === 1 ? 'descending' : 'ascending')

/**
 * Webster's (Sainte-Laguë's) division: one seat at a time to the greatest votes/(2·held+1), in IEEE doubles as Karmada computes it.
 * Answers the seats held at the end, those of `initial` included; whoever is in `initial` alone has no votes. Nobody at all holds nothing, even where seats remain.
 */
export function webster(seats: number, votes: ReadonlyMap<string, number>, { initial = new Map(), names = 'ascending' }: { readonly initial?: ReadonlyMap<string, number>; readonly names?: NameOrder } = {}): Map<string, number> {
  const parties = [...new Set([...votes.keys(), ...initial.keys()])].map((name): Party => ({ name, votes: votes.get(name) ?? 0, held: initial.get(name) ?? 0 }))
  if (parties.length > 0) {
    const left = seats - grantCertain(seats, parties), next = new Heap(isBefore(names), parties)
    for (let seat = 0; seat < left; seat++) {
      next.first!.held++
      next.settleFirst()
    }
  }
  return new Map(parties.map(({ name, held }) => [name, held]))
}

/** Whether a party gets the next seat before another. */
const isBefore = (names: NameOrder) => (a: Party, b: Party): boolean => {
  const left = quotient(a, a.held), right = quotient(b, b.held)
  if (left !== right) return left > right
  if (a.held !== b.held) return a.held < b.held
  return names === 'descending' ? a.name > b.name : a.name < b.name
}

const quotient = ({ votes }: Party, held: number) => votes / (2 * held + 1)

/**
 * Hands out the seats that are certain, so that thousands of replicas cost no more than tens: all quotients above a bound come before all others, and the bound is such that there are at most `seats` of them.
 * With V votes and k parties, V/(2d) + k ≥ the number of quotients above d. Answers how many were handed out.
 */
function grantCertain(seats: number, parties: readonly Party[]): number {
  const spare = seats - parties.length, total = parties.reduce((sum, { votes }) => sum + votes, 0)
  if (spare <= 0 || total <= 0) return 0
  const bound = total / (2 * spare)
  const above = parties.map((party) => {
    let held = Math.max(party.held, Math.floor((party.votes / bound - 1) / 2))
    while (held > party.held && quotient(party, held - 1) <= bound) held--
    while (quotient(party, held) > bound) held++
    return held
  })
  const granted = parties.reduce((sum, party, i) => sum + above[i]! - party.held, 0)
  if (granted > seats) return 0
  parties.forEach((party, i) => { party.held = above[i]! })
  return granted
}
