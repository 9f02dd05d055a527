import { mistakesAtRest } from './invariants.ts'
import { RandomEvents } from './random-events.ts'
import { SafetyMonitor } from './safety-monitor.ts'
import { SimulatedFleet } from './simulated-fleet.ts'
import { UNUSUAL } from './stub-member.ts'

/** Of every five members one has not got the custom kind. By seed there are up to three servers, and a budget of removals. */
const MEMBERS = 20, EVENTS = 70, REPLICAS = [1, 2, 3], BUDGETS = [0, 0, 0, 30]

/** One run: things happen, then everything works again and comes to rest. `wrong` empty: as it should be. The same seed does the same. */
export async function simulate(seed: number): Promise<{ readonly wrong: readonly string[]; readonly happened: readonly string[] }> {
  const fleet = new SimulatedFleet(seed), events = new RandomEvents(fleet), monitor = new SafetyMonitor(fleet, events.notes), stop = new AbortController()
  for (let at = 0; at < MEMBERS; at++) await fleet.addMember(`m${String(at).padStart(2, '0')}`, { env: at % 3 === 0 ? 'prod' : 'dev' }, at % 5 === 4 ? [...UNUSUAL, 'Gadget'] : UNUSUAL)
  fleet.replicas = REPLICAS[seed % REPLICAS.length]!
  fleet.maxRemovalsPerMinute = BUDGETS[seed % BUDGETS.length]!
  await fleet.start()
  await fleet.advance(5000)
  await events.begin()
  const following = monitor.follow(stop.signal)
  for (let at = 0; at < EVENTS; at++) await events.next(at < 12)
  await events.healAll()
  // Longer than any delay: of retries, of looking again, of giving up on a cluster, and of waiting for one to get ready.
  await fleet.advance(20 * 60_000)
  const sent = fleet.requests.length, stored = fleet.commits
  await fleet.advance(5 * 60_000)
  const wrong = [...monitor.mistakes, ...await mistakesAtRest(fleet, events.notes)]
  if (fleet.requests.length > sent || fleet.commits > stored) wrong.push(`it does not come to rest: ${fleet.requests.length - sent} writes to members, ${fleet.commits - stored} to the store, such as ${JSON.stringify(fleet.requests.slice(sent, sent + 2))}`)
  stop.abort()
  await following
  await fleet.close()
  return { wrong, happened: events.notes.log }
}
