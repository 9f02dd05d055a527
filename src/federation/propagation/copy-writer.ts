/** Writes of copies, as requests to one member. What cannot go wrong by design is asked of the member as a precondition. */
import { deleteJson, getJson, patchJson } from '../../machinery/client/json-client.ts'
import { resourcePath } from '../../machinery/client/resource-path.ts'
import type { Handler, KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import { MANAGED_LABEL, REVISION_ANNOTATION, TEMPLATE_ANNOTATION } from '../template/marks.ts'
import type { TargetKind } from '../template/target-kind.ts'
import { FIELD_MANAGER } from './fingerprint.ts'

type Target = Pick<TargetKind, 'group' | 'version' | 'plural' | 'namespaced'>
interface Named { readonly namespace?: string; readonly name: string }

const APPLY = 'application/apply-patch+yaml'
/** No object ever has it: an apply with this version as its precondition creates, or finds that something is there (apiserver/pkg/endpoints/handlers/patch.go, createNewObject). */
const NOT_THERE = '1'

/** Who holds what a member keeps for itself, e.g. replicas under an autoscaler. */
const RETAINER = 'federation-retained'

/** An API server takes an empty list for one that was forgotten, and this for one that is to be empty (apiserver/pkg/endpoints/handlers/fieldmanager, isResetManagedFields). */
const NOBODY = [{}]

/** Undefined: an object of that name is there already. */
export async function createCopy(handler: Handler, target: Target, object: KubeObject, signal: AbortSignal): Promise<KubeObject | undefined> {
  try {
    return await apply(handler, target, { ...object, metadata: { ...object.metadata, resourceVersion: NOT_THERE } }, FIELD_MANAGER, signal)
  } catch (error) {
    if (isReason(error, 'Conflict', 'AlreadyExists')) return undefined
    throw error
  }
}

/** Undefined: the object of that name has another uid now, or is gone. `handOver`: what another manager is to hold before we let go of it. */
export async function applyCopy(handler: Handler, target: Target, { object, uid, handOver }: { readonly object: KubeObject; readonly uid: string; readonly handOver?: KubeObject }, signal: AbortSignal): Promise<KubeObject | undefined> {
  try {
    if (handOver) await apply(handler, target, handOver, RETAINER, signal)
    return await apply(handler, target, { ...object, metadata: { ...object.metadata, uid } }, FIELD_MANAGER, signal)
  } catch (error) {
    if (isReason(error, 'NotFound', 'Conflict') || (isReason(error, 'Invalid') && error.details?.causes?.some(({ field }) => field === 'metadata.uid'))) return undefined
    throw error
  }
}

/** Undefined: there is none. */
export async function readCopy(handler: Handler, target: Target, named: Named, signal: AbortSignal): Promise<KubeObject | undefined> {
  try {
    return await getJson<KubeObject>(handler, resourcePath(target, named), signal)
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  }
}

/** Deletes that very object; true once it is gone, false while finalizers keep it. An object of another uid is none of ours: true. */
export async function deleteCopy(handler: Handler, target: Target, named: Named, { uid, propagationPolicy }: { readonly uid: string; readonly propagationPolicy: 'Foreground' | 'Background' }, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await deleteJson<KubeObject>(handler, resourcePath(target, named), { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy, preconditions: { uid } }, signal)
    return answer.kind === 'Status'
  } catch (error) {
    if (isReason(error, 'NotFound', 'Conflict')) return true
    throw error
  }
}

/** Takes our marks off a copy and gives up what we own of it; the object stays as it is. False: it changed meanwhile. */
export async function releaseCopy(handler: Handler, target: Target, copy: KubeObject, signal: AbortSignal): Promise<boolean> {
  const { name = '', namespace, uid, resourceVersion, labels = {}, annotations = {}, managedFields = [] } = copy.metadata, others = managedFields.filter((entry) => !isJsonObject(entry) || entry['manager'] !== FIELD_MANAGER)
  const patch = {
    metadata: {
      uid, resourceVersion, managedFields: others.length > 0 ? others : NOBODY,
      ...(MANAGED_LABEL in labels && { labels: { [MANAGED_LABEL]: null } }), ...(TEMPLATE_ANNOTATION in annotations && { annotations: { [TEMPLATE_ANNOTATION]: null, [REVISION_ANNOTATION]: null } }),
    },
  }
  try {
    await patchJson(handler, `${resourcePath(target, { ...(namespace !== undefined && { namespace }), name })}?fieldManager=${RETAINER}`, patch, signal)
    return true
  } catch (error) {
    if (isReason(error, 'NotFound')) return true
    if (isReason(error, 'Conflict', 'Invalid')) return false
    throw error
  }
}

function apply(handler: Handler, target: Target, object: KubeObject, manager: string, signal: AbortSignal): Promise<KubeObject> {
  const { name = '', namespace } = object.metadata
  return patchJson<KubeObject>(handler, `${resourcePath(target, { name, ...(namespace !== undefined && { namespace }) })}?fieldManager=${manager}&force=true`, object, signal, APPLY)
}
