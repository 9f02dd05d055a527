/**
 * What a client of the fleet writes of an object that lives in one member, in that member's terms. Nothing else of it is changed.
 *
 *   web@member1                        ▶ web
 *   label cluster.federation/name      ▶ gone
 *   resourceVersion, a merged position ▶ the member's
 *   uid of a folded owner              ▶ that of the member's own
 */
import { rewriteOwnerUids, type Reference } from '../federation/interpreter/folded-uid.ts'
import { CLUSTER_LABEL } from '../federation/interpreter/identity-bound.ts'
import type { KubeObject } from '../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../machinery/meta/json-value.ts'
import { StatusError } from '../machinery/meta/status-error.ts'

/** What has to be looked up in a member. */
export interface MemberTerms {
  /** '' is the host. */
  readonly cluster: string
  /** The member's resourceVersion for a position: one that is in conflict where the client has not seen the latest. What is no text, or '', stays. */
  version(position: unknown): Promise<unknown>
  /** The member's uid of what is referred to; undefined where the given one is the member's already. */
  uid(reference: Reference, given: string): Promise<string | undefined>
}

/** Of an object, or of a patch that looks like one. Throws StatusError BadRequest where it names another cluster. */
export async function inMemberTerms(object: JsonObject, terms: MemberTerms): Promise<JsonObject> {
  const { metadata, spec, deleteOptions } = object, own = (reference: unknown) => withOwnName(reference, 'name', terms)
  const result: JsonObject = { ...object }
  if (isJsonObject(metadata)) result['metadata'] = await metadataInTerms(metadata, terms)
  if (isJsonObject(spec)) result['spec'] = specInTerms(spec, terms)
  for (const field of ABOUT) if (field in object) result[field] = own(object[field])
  // An Eviction carries them.
  if (isJsonObject(deleteOptions)) result['deleteOptions'] = await optionsInTerms(deleteOptions, terms)
  return withOwnUids(result, terms)
}

/** Of DeleteOptions. */
export async function optionsInTerms(options: JsonObject, terms: MemberTerms): Promise<JsonObject> {
  const { preconditions } = options
  return isJsonObject(preconditions) && 'resourceVersion' in preconditions ? { ...options, preconditions: { ...preconditions, resourceVersion: await terms.version(preconditions['resourceVersion']) } } : options
}

/** Of the operations of a JSON patch. One that would only set, test or remove the cluster's label falls away. */
export async function operationsInTerms(operations: readonly unknown[], terms: MemberTerms): Promise<readonly unknown[]> {
  const translated = await Promise.all(operations.map((operation) => operationInTerms(operation, terms)))
  return translated.filter((operation) => operation !== undefined)
}

/** What an Event is about. */
const ABOUT = ['involvedObject', 'regarding', 'related']

async function metadataInTerms(metadata: JsonObject, terms: MemberTerms): Promise<JsonObject> {
  const { labels, ...others } = withOwnName(metadata, 'name', terms) as JsonObject, kept = withoutLabel(labels, terms.cluster), { ownerReferences } = others
  return {
    ...others, ...(kept !== undefined && { labels: kept }), ...('resourceVersion' in others && { resourceVersion: await terms.version(others['resourceVersion']) }),
    ...(Array.isArray(ownerReferences) && { ownerReferences: ownerReferences.map((owner) => withOwnName(owner, 'name', terms)) }),
  }
}

/** The names of what lives in the same member. Others may hold an @ of their own: a user in a RoleBinding. */
function specInTerms(spec: JsonObject, terms: MemberTerms): JsonObject {
  const named = NAMES.reduce((result, field) => withOwnName(result, field, terms) as JsonObject, spec)
  return REFERENCES.reduce((result, field) => (isJsonObject(result[field]) ? { ...result, [field]: withOwnName(result[field], 'name', terms) } : result), named)
}

const NAMES = ['nodeName', 'volumeName'], REFERENCES = ['scaleTargetRef', 'boundObjectRef']

function withOwnName(holder: unknown, field: string, { cluster }: MemberTerms): unknown {
  const name = isJsonObject(holder) ? holder[field] : undefined, suffix = `@${cluster}`
  return typeof name === 'string' && cluster && name.endsWith(suffix) ? { ...(holder as JsonObject), [field]: name.slice(0, -suffix.length) } : holder
}

/** Undefined: there were no others. */
function withoutLabel(labels: unknown, cluster: string): unknown {
  if (!isJsonObject(labels) || !Object.hasOwn(labels, CLUSTER_LABEL)) return labels
  const { [CLUSTER_LABEL]: value, ...rest } = labels
  // Null removes it in a patch: the member's object has none.
  if (value !== null && value !== cluster) throw otherCluster(value, cluster)
  return Object.keys(rest).length > 0 ? rest : undefined
}

const otherCluster = (value: unknown, cluster: string) => StatusError.badRequest(`the label ${CLUSTER_LABEL} says where the object is, which is ${cluster || 'the host'}: it cannot become ${JSON.stringify(value)}`)

async function withOwnUids(object: JsonObject, terms: MemberTerms): Promise<JsonObject> {
  const whole = (isJsonObject(object['metadata']) ? object : { ...object, metadata: {} }) as unknown as KubeObject, given = new Map<string, Reference>(), own = new Map<string, string>()
  rewriteOwnerUids(whole, (reference, uid) => {
    given.set(uid, reference)
    return undefined
  })
  await Promise.all(Array.from(given, async ([uid, reference]) => {
    const found = await terms.uid(reference, uid)
    if (found !== undefined) own.set(uid, found)
  }))
  if (own.size === 0) return object
  const { metadata, ...others } = rewriteOwnerUids(whole, (_, uid) => own.get(uid))
  return { ...others, ...('metadata' in object && { metadata }) }
}

/** Undefined: nothing is left to do. */
async function operationInTerms(operation: unknown, terms: MemberTerms): Promise<unknown> {
  if (!isJsonObject(operation) || typeof operation['path'] !== 'string') return operation
  const { path, value } = operation, [, ...steps] = path.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (steps[0] === 'metadata' && steps[1] === 'labels' && steps[2] === CLUSTER_LABEL) {
    if (operation['op'] !== 'remove' && value !== terms.cluster) throw otherCluster(value, terms.cluster)
    return undefined
  }
  if (value === undefined || value === null) return operation
  // Seen as part of an object, a value is translated as there.
  const whole = steps.reduceRight<unknown>((inner, step) => (INDEX.test(step) ? [inner] : { [step]: inner }), value)
  if (!isJsonObject(whole)) return operation
  const translated = steps.reduce<unknown>((inner, step) => (Array.isArray(inner) ? inner[0] : isJsonObject(inner) ? inner[step] : undefined), await inMemberTerms(whole, terms))
  return { ...operation, value: translated ?? {} }
}

const INDEX = /^(?:\d+|-)$/
