import type { Admitted } from '../federation/propagation/template-checks.ts'
import type { Quotas } from '../federation/quota/quotas.ts'
import type { PlacementController } from '../federation/scheduler/placement-controller.ts'
import { fromNative } from '../federation/template/native-object.ts'
import type { Templates } from '../federation/template/templates.ts'
import { keyOfObject } from '../machinery/meta/object-key.ts'

interface Stages { readonly templates: Pick<Templates, 'find'>; readonly quotas: Pick<Quotas, 'of' | 'admit'>; readonly placement: Pick<PlacementController, 'preview'> }

/** What counts against a quota is where the template would go were there none. Throws StatusError Forbidden. */
export function admitToQuotas({ templates, quotas, placement }: Stages, { target, native, old, federated, isDryRun }: Admitted): void {
  const { namespace, name = '' } = native.metadata, store = templates.find(target.group, target.plural)
  if (!store || namespace === undefined || quotas.of(namespace).length === 0) return
  const before = old && store.get(keyOfObject({ metadata: { namespace, name } })), wanted = federated ?? fromNative(native, before, target, store.kind)
  quotas.admit(store, { ...wanted, status: placement.preview(store, { ...wanted, ...(before?.status && { status: before.status }) }, { beyondQuota: true }) }, before, isDryRun)
}
