import { fieldElement } from '../../machinery/apply/field-path.ts'
import { decodeManagedFields, encodeManagedFields, type ManagedFieldsEntry, ManagedFieldsError, managerIdIn, type Managed, NOBODY } from '../../machinery/apply/managed-fields.ts'
import type { ManagedSet } from '../../machinery/apply/managers.ts'
import { PathSet } from '../../machinery/apply/path-set.ts'

interface Versions { readonly native: string; readonly hub: string }

const SPEC = fieldElement('spec'), TEMPLATE = fieldElement('template')
const WHOLE_TEMPLATE = PathSet.of([SPEC, TEMPLATE])
/** Not an author's: the template says what kind it is. */
const NATIVE_TYPE = PathSet.of([fieldElement('apiVersion')], [fieldElement('kind')])

/** Who owns what of the native object: of each manager of the federated one, what lies in its template. Undefined: nobody owns anything there. */
export function fieldsOfNative(federated: unknown, { native, hub }: Versions): ManagedFieldsEntry[] | undefined {
  const { managers, times } = readable(federated), owners = new Map<string, ManagedSet>(), when = new Map<string, string>()
  for (const [id, { set, apiVersion, applied }] of managers) {
    const below = apiVersion === hub ? set.get(SPEC)?.below?.get(TEMPLATE)?.below : undefined, own = below?.difference(NATIVE_TYPE)
    if (!own || own.isEmpty) continue
    const nativeId = managerIdIn(id, native), time = times.get(id)
    owners.set(nativeId, { set: own, apiVersion: native, applied })
    if (time !== undefined) when.set(nativeId, time)
  }
  return encodeManagedFields({ managers: owners, times: when })
}

/** The other way: what each manager of the native object owns, within the template, with what is owned of the rest of the federated object as it was (`before`). */
export function fieldsOfTemplate(given: unknown, before: unknown, { native, hub }: Versions): ManagedFieldsEntry[] | undefined {
  const old = readable(before), now = readable(given), owners = new Map<string, ManagedSet>(), times = new Map<string, string>()
  for (const [id, managed] of old.managers) {
    const rest = managed.apiVersion === hub ? managed.set.without(WHOLE_TEMPLATE) : managed.set, time = old.times.get(id)
    if (!rest.isEmpty) owners.set(id, { ...managed, set: rest })
    if (!rest.isEmpty && time !== undefined) times.set(id, time)
  }
  for (const [id, { set, apiVersion, applied }] of now.managers) {
    if (apiVersion !== native) continue
    const hubId = managerIdIn(id, hub), known = owners.get(hubId), wrapped = inTemplate(set), time = now.times.get(id)
    owners.set(hubId, { set: known ? known.set.union(wrapped) : wrapped, apiVersion: hub, applied })
    if (time !== undefined) times.set(hubId, time)
  }
  return encodeManagedFields({ managers: owners, times })
}

const inTemplate = (set: PathSet): PathSet => new PathSet(new Map([[SPEC, { member: false, below: new PathSet(new Map([[TEMPLATE, { member: false, below: set }]])) }]]))

/** Entries that nobody can read are nobody's, as for a kube-apiserver on updates. */
function readable(entries: unknown): Managed {
  try { return decodeManagedFields(entries) } catch (error) {
    if (error instanceof ManagedFieldsError) return NOBODY
    throw error
  }
}
