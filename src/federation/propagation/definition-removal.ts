import { getJson } from '../../machinery/client/json-client.ts'
import { METADATA_LIST } from '../../machinery/client/metadata-only.ts'
import type { Handler, KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import { holds } from '../interpreter/checks.ts'
import { listAt, textAt } from '../interpreter/fields.ts'
import { MANAGED_LABEL } from '../template/marks.ts'

export const isDefinitions = ({ group, kind }: { readonly group: string; readonly kind: string }): boolean => group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition'

/** Whether objects of a CustomResourceDefinition of a member are not this fleet's, or may be there and not be seen. With a definition all of its objects are deleted. */
export async function holdsOthers(handler: Handler, definition: KubeObject, fleetId: string, signal: AbortSignal): Promise<boolean> {
  const group = textAt(definition, 'spec.group'), plural = textAt(definition, 'spec.names.plural'), version = listAt(definition, 'spec.versions').find((one) => isJsonObject(one) && one['served'] === true)
  // One that never took effect has no objects.
  if (!holds('Established')(definition)) return false
  if (group === undefined || plural === undefined || version === undefined) return true
  const query = new URLSearchParams({ labelSelector: `${MANAGED_LABEL}!=${fleetId}`, limit: '1' })
  try {
    const { items } = await getJson<{ items: KubeObject[] | null }>(handler, `/apis/${group}/${textAt(version, 'name') ?? ''}/${plural}?${query.toString()}`, signal, METADATA_LIST)
    return (items ?? []).length > 0
  } catch (error) {
    if (isReason(error, 'Forbidden', 'MethodNotAllowed')) return true
    throw error
  }
}
