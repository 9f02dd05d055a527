import type { Contender } from './contenders.ts'
import { processorMs } from './contenders.ts'
import type { LoadGenerator, LoadJob, LoadResult } from './load-generator.ts'

/** One server and what it is asked. `pids`: whose processor time counts; absent: the server's. */
export interface Ask { readonly contender: Contender; readonly job: LoadJob; readonly pids?: readonly number[] }

/** Medians of some turns: operations a second, and processor time (milliseconds) per operation, of the servers and of the generator. */
export interface Turn { readonly perSecond: number; readonly ms: number; readonly clientMs: number; readonly p50: number; readonly p99: number; readonly bytes: number; readonly result: LoadResult }

/** Each way is asked once in every turn, so that whatever else the machine does falls on all of them. A first turn warms up and does not count. */
export async function inTurns<Name extends string>(load: LoadGenerator, turns: number, asks: Readonly<Record<Name, Ask>>, count = ({ operations, seconds }: LoadResult) => ({ operations, seconds })): Promise<Record<Name, Turn>> {
  const names = Object.keys(asks) as Name[], taken = Object.fromEntries(names.map((name) => [name, [] as Turn[]])) as Record<Name, Turn[]>
  let next = 0
  for (let turn = 0; turn <= turns; turn++) {
    for (const name of names) {
      const { contender: { url, user, pid }, job, pids = [pid] } = asks[name], time = () => pids.reduce((sum, one) => sum + processorMs(one), 0), before = time()
      const result = await load.run(url, user, { ...job, first: (next += 1_000_000) }), used = time() - before, { operations, seconds } = count(result)
      if (turn > 0) taken[name].push({ perSecond: operations / seconds, ms: used / operations, clientMs: result.clientCpu / operations, p50: result.p50, p99: result.p99, bytes: result.bytes / result.operations, result })
    }
  }
  return Object.fromEntries(names.map((name) => [name, middle(taken[name])])) as Record<Name, Turn>
}

const middle = (turns: readonly Turn[]): Turn => {
  const of = (field: Exclude<keyof Turn, 'result'>) => median(turns.map((turn) => turn[field]))
  return { perSecond: of('perSecond'), ms: of('ms'), clientMs: of('clientMs'), p50: of('p50'), p99: of('p99'), bytes: of('bytes'), result: turns.at(-1)!.result }
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)
export const percentile = (values: readonly number[], share: number): number => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!
