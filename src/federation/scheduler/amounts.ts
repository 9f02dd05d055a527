import type { Quantity } from '../../apis/meta/v1/quantity.ts'
import { parseQuantity } from '../../machinery/meta/quantity.ts'
import type { ResourceRequest } from './capacity.ts'

/** In billionths, by resource; a replica also asks for one of pods. */
export type Amounts = ReadonlyMap<string, bigint>

export const NANO = 1_000_000_000n
/** As many replicas as a field can hold. */
export const MAX_REPLICAS = 2 ** 31 - 1
const MOST = BigInt(MAX_REPLICAS)

export const ONE_POD: Amounts = new Map([['pods', NANO]])

export const nano = (quantity: Quantity): bigint => parseQuantity(String(quantity))?.nano ?? 0n

/** How often all of `wanted` is there; what is missing is there 0 times. */
export function fits(free: Amounts, wanted: Amounts): number {
  let times = MOST
  for (const [name, amount] of wanted) {
    const found = (free.get(name) ?? 0n) / amount
    if (found < times) times = found
  }
  return times < 0n ? 0 : Number(times)
}

export const take = (free: Amounts, wanted: Amounts, times: number): Amounts => new Map([...free].map(([name, amount]) => [name, amount - (wanted.get(name) ?? 0n) * BigInt(times)]))

/** Templates are immutable, and each meets all clusters. */
const wantedMemo = new WeakMap<ResourceRequest, Amounts>()

/** What one replica asks for. Requests of 0 do not count. */
export function requested(request: ResourceRequest | undefined): Amounts {
  if (!request) return ONE_POD
  let wanted = wantedMemo.get(request)
  if (!wanted) wantedMemo.set(request, (wanted = new Map([...ONE_POD, ...Object.entries(request).map(([name, quantity]) => [name, nano(quantity)] as const).filter(([, amount]) => amount > 0n)])))
  return wanted
}
