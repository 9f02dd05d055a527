import { addQuantities, type Quantity, subtractQuantities, ZERO } from '../../machinery/meta/quantity.ts'
import type { Usage } from './quota-usage.ts'

/** `assumed`: what was promised, until it is seen or was given up. */
interface Used { readonly observed: Usage; readonly assumed?: Usage }

const NOTHING: Usage = new Map(), ASSUMED_MS = 10_000

/** What the templates of one namespace use together. The sum is kept: a decision about one costs no more where there are thousands. */
export class NamespaceUsage {
  readonly #used = new Map<string, Used>()
  readonly #sum = new Map<string, Quantity>()
  /** Until when a promise stands, the first to end first. */
  readonly #promises = new Map<string, number>()

  /** What is stored; it takes the place of what was promised. Undefined: what cannot be counted is not carried out, either, and what is there is what was there before. */
  observe(template: string, observed: Usage | undefined): void { this.#set(template, { observed: observed ?? this.#used.get(template)?.observed ?? NOTHING }) }

  /** What is about to be stored counts at once. */
  assume(template: string, assumed: Usage, now: number): void {
    this.#set(template, { observed: this.#used.get(template)?.observed ?? NOTHING, assumed })
    this.#promises.set(template, now + ASSUMED_MS)
  }

  remove(template: string): void { this.#set(template, undefined) }

  all(now: number): Usage {
    this.#giveUp(now)
    return new Map(this.#sum)
  }

  /** What the others use. */
  without(template: string, now: number): Usage {
    this.#giveUp(now)
    const others = new Map(this.#sum)
    add(others, counted(this.#used.get(template)), subtractQuantities)
    return others
  }

  #giveUp(now: number): void {
    for (const [template, until] of this.#promises) {
      if (until > now) return
      this.observe(template, undefined)
    }
  }

  #set(template: string, used: Used | undefined): void {
    add(this.#sum, counted(this.#used.get(template)), subtractQuantities)
    add(this.#sum, counted(used), addQuantities)
    this.#promises.delete(template)
    if (used) this.#used.set(template, used)
    else this.#used.delete(template)
  }
}

const counted = (used: Used | undefined): Usage => used?.assumed ?? used?.observed ?? NOTHING

function add(sum: Map<string, Quantity>, usage: Usage, by: (left: Quantity, right: Quantity) => Quantity): void {
  for (const [name, amount] of usage) {
    const total = by(sum.get(name) ?? ZERO, amount)
    if (total.nano === 0n) sum.delete(name)
    else sum.set(name, total)
  }
}
