import { shown } from '../apply/go-text.ts'
import { bytesOf, failure } from '../client/failure.ts'
import { once } from '../client/json-client.ts'
import type { Entry, Kind, Request, Resource, Response, WriteOptions } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { nameOfKey } from '../meta/object-key.ts'
import { APPLY_TYPE, JSON_PATCH_TYPE, MERGE_PATCH_TYPE, patchTypes, STRATEGIC_MERGE_TYPE } from '../meta/patch-types.ts'
import type { StatusDetails } from '../meta/status-error.ts'
import { StatusError } from '../meta/status-error.ts'
import type { StoredKind } from '../meta/strategy.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import { patchObject as patchObjectBy } from '../patch/patch-object.ts'
import { applyStrategicMergePatch } from '../patch/strategic-merge-patch.ts'
import { typedDocument } from '../patch/typed-document.ts'
import { deleteCollection } from '../registry/delete-collection.ts'
import { applyConfiguration } from './apply.ts'
import { checkName, checkNamespace, decode, decodeObject, formatOf, mediaType, readBody, unsupported } from './body.ts'
import { patchMistakes, validateFields, validatePatched } from './field-validation.ts'
import { listOptions } from './list-options.ts'
import { negotiate } from './negotiation.ts'
import { respondPage, scope, selection } from './read.ts'
import { respond, respondBytes, respondError, warningHeaders } from './respond.ts'
import type { Subresource, Target } from './route.ts'
import { apiVersionOf, objectBytes } from './shape.ts'
import { shapeFor } from './shapes.ts'
import { deleteParameters, writeOptions } from './write-options.ts'

/** What every write needs besides the request itself. */
export interface WriteContext { readonly request: Request; readonly user: WriteOptions['user']; readonly authorize: WriteOptions['authorize']; readonly now: number }

export async function createObject(target: Target, { request, user, authorize, now }: WriteContext, signal: AbortSignal): Promise<Response> {
  const { kind, namespace } = target, answer = answerer(target, request, now), format = formatOf(request, kind), bytes = await readBody(request), { validation, force: _, ...options } = writeOptions(request, 'CreateOptions')
  const object = decodeObject(bytes, format, kind, namespace)
  validateFields(validation, { bytes, format, object }, kind, await kind.schema?.(signal), answer.warn)
  return answer.telling(async () => answer(201, await target.resource.writer!.create(object, { user, authorize, ...options, warn: answer.warn }, signal)))
}

/** PUT. A name that does not exist is created where the kind allows it. */
export async function updateObject(target: Target, name: string, subresource: Subresource | undefined, { request, user, authorize, now }: WriteContext, signal: AbortSignal): Promise<Response> {
  const { kind, namespace } = target, answer = answerer(target, request, now), format = formatOf(request, kind), bytes = await readBody(request), { validation, force: _, ...options } = writeOptions(request, 'UpdateOptions')
  const object = checkName(decodeObject(bytes, format, kind, namespace), name), mayCreate = subresource === undefined && (kind as Partial<StoredKind>).strategy?.allowCreateOnUpdate === true
  validateFields(validation, { bytes, format, object }, kind, await kind.schema?.(signal), answer.warn)
  return answer.telling(async () => {
    const { entry, created } = await target.resource.writer!.update(keyOf(target, name), (current) => {
      if (!current && !mayCreate) throw StatusError.notFound({ group: kind.group, resource: kind.plural }, name)
      return object
    }, { user, authorize, ...options, warn: answer.warn, ...(subresource && { subresource }) }, signal)
    return answer(created ? 201 : 200, entry)
  })
}

/** Typed kinds' own router refuses what is no patch, before anything else is looked at and without naming what they take; others say it themselves. Throws StatusError UnsupportedMediaType. */
export function checkPatchType(kind: Kind, request: Request): void {
  const type = mediaType(request)
  if (kind.strategicMerge && type !== '*/*' && !typesOf(kind).includes(type)) throw new StatusError('UnsupportedMediaType', '415: Unsupported Media Type', { details: {} })
}

/** All kinds of patches, and apply. The patch is applied again where another write came between. */
export async function patchObject(target: Target, name: string, subresource: Subresource | undefined, { request, user, authorize, now }: WriteContext, signal: AbortSignal): Promise<Response> {
  const { kind, namespace } = target, answer = answerer(target, request, now), type = mediaType(request), types = typesOf(kind)
  if (!types.includes(type)) throw unsupported(types.join(', '))
  if (type === APPLY_TYPE) return applyObject(target, name, subresource, { request, user, authorize, now }, answer, signal)
  const isStrategic = type === STRATEGIC_MERGE_TYPE, bytes = await readBody(request), patch = decodePatch(bytes, isStrategic), { validation, force: _, ...options } = writeOptions(request, 'PatchOptions'), schema = await kind.schema?.(signal)
  const mistakes = validation === 'Ignore' ? [] : patchMistakes(bytes.toString(), patch), shownPatch = isStrategic ? shown(patch) : undefined
  const change = patchObjectBy(kind, name, (document) => PATCHES[type]!({ apiVersion: apiVersionOf(kind), kind: kind.kind, ...document }, patch, schema))
  return answer.telling(async () => {
    const { entry } = await target.resource.writer!.update(keyOf(target, name), (current) => {
      const patched = change(current)
      validatePatched(validation, patched, { mistakes, ...(shownPatch !== undefined && { shownPatch }) }, schema, answer.warn)
      return checkName(checkNamespace(patched, kind, namespace), name)
    }, { user, authorize, ...options, warn: answer.warn, ...(subresource && { subresource }) }, signal)
    return answer(200, entry)
  })
}

/** Who owns what is known of stored kinds. */
const typesOf = (kind: Kind) => patchTypes(kind).filter((type) => type !== APPLY_TYPE || (kind.schema !== undefined && (kind as Partial<StoredKind>).strategy !== undefined))

async function applyObject(target: Target, name: string, subresource: Subresource | undefined, { request, user, authorize, now }: WriteContext, answer: Answer, signal: AbortSignal): Promise<Response> {
  const bytes = await readBody(request), { validation, force, ...options } = writeOptions(request, 'ApplyOptions'), schema = await target.kind.schema!(signal)
  const { entry, created } = await applyConfiguration(target, schema, { name, subresource, bytes, force, validation, now, options: { user, authorize, ...options, warn: answer.warn, ...(subresource && { subresource }) } }, signal)
  return answer(created ? 201 : 200, entry)
}

const PATCHES: Readonly<Record<string, (document: JsonObject, patch: unknown, schema: JsonSchema | undefined) => unknown>> = {
  [JSON_PATCH_TYPE]: applyJsonPatch, [MERGE_PATCH_TYPE]: applyMergePatch,
  [STRATEGIC_MERGE_TYPE]: (document, patch, schema = {}) => typedDocument(applyStrategicMergePatch(document, patch, schema), schema, patch),
}

function decodePatch(body: Buffer, isStrategic: boolean): unknown {
  try {
    return decode(body, 'json')
  } catch (error) {
    throw StatusError.badRequest(`${isStrategic ? '' : 'error decoding patch: '}${(error as Error).message}`)
  }
}

/** A Status where the object is gone; the object where finalizers keep it. */
export async function deleteObject(target: Target, name: string, { request, user, authorize, now }: WriteContext, signal: AbortSignal): Promise<Response> {
  const { kind } = target, representation = negotiate(request, { transforms: true }), answer = answerer(target, request, now)
  const { waitsForDependents, ...parameters } = deleteParameters(request, await readBody(request)), { manager } = writeOptions({ ...request, query: new URLSearchParams() }, 'DeleteOptions')
  return answer.telling(async () => {
    const { entry, removed } = await target.resource.writer!.delete(keyOf(target, name), { user, authorize, manager, warn: answer.warn, ...parameters }, signal)
    if (!removed) return answer(waitsForDependents ? 202 : 200, entry)
    const details: StatusDetails = { name, ...(kind.group && { group: kind.group }), kind: kind.plural, uid: entry.parse().metadata.uid ?? '' }
    return respond(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }, representation, answer.warnings())
  })
}

/** Deletes one by one what the selectors and the limit choose, and answers the list of it. Not atomic: the first failure ends it. */
export async function deleteObjects(target: Target, { request, user, authorize, now }: WriteContext, signal: AbortSignal): Promise<Response> {
  const { resource, kind, namespace } = target, representation = negotiate(request, { transforms: true }), shape = shapeFor(kind, representation, request.query, 'list'), warnings: string[] = []
  const body = await readBody(request), { waitsForDependents: _, ...parameters } = deleteParameters(request, body), { manager } = writeOptions({ ...request, query: new URLSearchParams() }, 'DeleteOptions')
  const { continuation: _continuation, ...options } = listOptions(request.query, namespace, kind), query = { ...scope(kind.namespaced, namespace), ...selection(target, request.query), ...options }
  const { passOn, writer } = resource, remove = passOn ? passedDeletion(passOn, request, body, signal) : (key: string) => writer!.delete(key, { user, authorize, manager, warn: (text) => { warnings.push(text) }, ...parameters }, signal)
  const page = await deleteCollection(resource.reader, query, remove, signal)
  return respondPage({ ...page, warnings: [...page.warnings, ...warnings] }, { shape, representation, namespace, now })
}

/** What of a query says which objects are meant, and not how they are deleted. */
const CHOICE = ['labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'timeoutSeconds']

/** Each object where it lives, as if the client had asked for it by name. */
function passedDeletion(passOn: NonNullable<Resource['passOn']>, request: Request, body: Buffer, signal: AbortSignal): (key: string) => Promise<void> {
  const query = new URLSearchParams(request.query)
  for (const parameter of CHOICE) query.delete(parameter)
  return async (key) => {
    const { body: _, ...rest } = request, name = nameOfKey(key), response = await passOn(name, { ...rest, path: `${request.path}/${encodeURIComponent(name)}`, query, ...(body.length > 0 && { body: once(body) }) }, signal)
    if (response.status >= 300) throw await failure(response)
    await bytesOf(response)
  }
}

export const keyOf = ({ kind, namespace }: Pick<Target, 'kind' | 'namespace'>, name: string): string => (kind.namespaced ? `${namespace}/${name}` : name)

type Answer = ReturnType<typeof answerer>

/** Negotiates before anything is done, collects warnings while it is, and answers the object. */
function answerer({ kind }: Target, request: Request, now: number) {
  const representation = negotiate(request, { transforms: true }), shape = shapeFor(kind, representation, request.query, 'object'), texts: string[] = [], warnings = () => warningHeaders(texts)
  const answer = (status: number, entry: Entry) => respondBytes(status, objectBytes(shape, entry, now), representation, warnings())
  /** A refusal tells what was to be warned of, too. */
  const telling = async (write: () => Promise<Response>): Promise<Response> => {
    try { return await write() } catch (error) {
      if (!(error instanceof StatusError) || texts.length === 0) throw error
      return respondError(error, request, warnings())
    }
  }
  return Object.assign(answer, { warn: (text: string) => { texts.push(text) }, warnings, telling })
}

