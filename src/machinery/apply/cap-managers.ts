import { type Managed, managerId, secondsOf } from './managed-fields.ts'
import { compareText } from './value-order.ts'

const MAX_UPDATE_MANAGERS = 10
const OLD_UPDATES = 'ancient-changes'

/** Keeps the number of updaters within bounds: the oldest of each API version are merged into one entry. Appliers are never merged, as each has to find its own again. */
export function capped(managed: Managed): Managed {
  const updaters = [...managed.managers].flatMap(([id, { applied }]) => (applied ? [] : [id])), age = (id: string) => secondsOf(managed.times.get(id))
  if (updaters.length <= MAX_UPDATE_MANAGERS) return managed
  const managers = new Map(managed.managers), times = new Map(managed.times), firstOf = new Map<string, string>()
  let count = updaters.length
  for (const id of updaters.toSorted((a, b) => age(a) - age(b) || compareText(a, b))) {
    if (count <= MAX_UPDATE_MANAGERS) break
    const owned = managers.get(id)!, { apiVersion } = owned, first = firstOf.get(apiVersion), bucket = managerId({ manager: OLD_UPDATES, operation: 'Update', apiVersion })
    if (first === undefined) { firstOf.set(apiVersion, id); continue }
    if (!managers.has(bucket)) {
      managers.set(bucket, managers.get(first)!)
      managers.delete(first)
    }
    managers.set(bucket, { ...owned, set: owned.set.union(managers.get(bucket)!.set) })
    managers.delete(id)
    count--
    const time = times.get(id)
    if (time === undefined) times.delete(bucket)
    else times.set(bucket, time)
  }
  return { managers, times }
}
