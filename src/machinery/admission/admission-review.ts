import type { KubeObject } from '../meta/core.ts'
import { isJsonObject } from '../meta/json-value.ts'
import { StatusError, type Reason, type StatusDetails } from '../meta/status-error.ts'
import type { AdmissionAttributes } from './admission.ts'

/** `request` of an AdmissionReview, which expressions see as well. */
export function admissionRequest({ operation, kind, subresource, namespace, name, user, dryRun, options }: AdmissionAttributes, uid: string): Record<string, unknown> {
  const of = { group: kind.group, version: kind.version, kind: kind.kind }, resource = { group: kind.group, version: kind.version, resource: kind.plural }
  return {
    uid, kind: of, resource, ...(subresource && { subResource: subresource }), requestKind: of, requestResource: resource, ...(subresource && { requestSubResource: subresource }),
    ...(name && { name }), ...(namespace && { namespace }), operation,
    userInfo: { username: user.name, ...(user.uid && { uid: user.uid }), groups: user.groups, ...(Object.keys(user.extra).length > 0 && { extra: user.extra }) },
    dryRun, options,
  }
}

export const admissionReview = (attributes: AdmissionAttributes, uid: string, object: KubeObject | undefined, old: KubeObject | undefined): Record<string, unknown> => ({
  kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { ...admissionRequest(attributes, uid), object: object ?? null, oldObject: old ?? null },
})

export interface AdmissionResponse {
  readonly allowed: boolean
  readonly warnings: readonly string[]
  /** A JSON patch. */
  readonly patch: unknown
  readonly status: { readonly message?: string; readonly reason?: string; readonly code?: number; readonly details?: StatusDetails } | undefined
}

/** Errors: Error that says what is wrong with the answer. Texts as in apiserver/pkg/admission/plugin/webhook/request/admissionreview.go. */
export function readAdmissionReview(answer: unknown, uid: string): AdmissionResponse {
  const review = isJsonObject(answer) ? answer : {}
  if (review['kind'] !== 'AdmissionReview' || review['apiVersion'] !== 'admission.k8s.io/v1') {
    throw new Error(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${JSON.stringify(review['apiVersion'] ?? '')}, Kind=${JSON.stringify(review['kind'] ?? '')}`)
  }
  const response = review['response']
  if (!isJsonObject(response)) throw new Error('webhook response was absent')
  if (response['uid'] !== uid) throw new Error(`expected response.uid="${uid}", got ${JSON.stringify(response['uid'] ?? '')}`)
  const { patch, patchType } = response, warnings = Array.isArray(response['warnings']) ? response['warnings'].map(String) : []
  if (typeof patch === 'string' && patch !== '' && patchType !== 'JSONPatch') throw new Error(`webhook returned response.patch but not response.patchType, or one that is not JSONPatch`)
  if (patchType !== undefined && !patch) throw new Error('webhook returned response.patchType but not response.patch')
  return { allowed: response['allowed'] === true, warnings, patch: patch ? JSON.parse(Buffer.from(patch as string, 'base64').toString()) : undefined, status: isJsonObject(response['status']) ? response['status'] : undefined }
}

/** The refusal of a webhook: its own status, made a failure where it is none (apiserver/pkg/admission/plugin/webhook/errors/statuserror.go). */
export function denied(webhook: string, status: AdmissionResponse['status']): StatusError {
  const by = `admission webhook "${webhook}" denied the request`, { message, reason, code = 0, details } = status ?? {}
  return new StatusError((reason ?? '') as Reason, message ? `${by}: ${message}` : reason ? `${by}: ${reason}` : `${by} without explanation`, { code: Math.max(code, 400), ...(details && { details }) })
}
