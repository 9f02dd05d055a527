import type { Received } from '../exchange.ts'
import { type Aim, type HostileRequest, hostileRequest } from './hostile-requests.ts'
import { complaints } from './verdict.ts'

/** `undefined` for an answer: the connection was closed. */
export type Ask = (request: HostileRequest) => Promise<Received | undefined>
export interface Run { readonly seed: number; readonly from: number; readonly count: number; readonly aim?: Aim }

const AT_A_TIME = 16, ENOUGH = 20, SHOWN = 200
/** The same requests in every run, so that a change is judged by its own faults; `SEED=…` asks others. */
export const USUAL_SEED = 13
/** Only a hang takes so long. */
export const MAX_MS = 30_000

/** Asks requests `from` to `from + count` of a seed; what was wrong with the answers. */
export async function hostileRun(ask: Ask, { seed, from, count, aim }: Run): Promise<string[]> {
  const wrong: string[] = []
  let next = from
  const worker = async () => {
    while (next < from + count && wrong.length < ENOUGH) {
      const index = next++, request = hostileRequest(seed, index, aim), told = `SEED=${seed}, request ${index}: ${request.method} ${request.target.slice(0, SHOWN)} ${JSON.stringify(request.headers).slice(0, SHOWN)} ${request.body?.toString('latin1', 0, SHOWN) ?? ''}`
      try {
        const answer = await ask(request)
        if (answer) wrong.push(...complaints(request, answer).map((complaint) => `${told} => ${complaint}`))
      } catch (error) {
        wrong.push(`${told} => ${String(error)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  return wrong
}
