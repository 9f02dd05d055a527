/**
 * Namespaces through a fleet: a write is the host's to decide. The request goes there as this server's, with what a client of the fleet knows of the object put in the host's terms, and back.
 *
 *   client   PUT, uid and position of the fleet ──▶ PUT, resourceVersion of the host     host
 *            uid and position of the fleet     ◀── Namespace
 *
 * The mirrored review has been passed; what the host then asks is this server's own right.
 */
import { foldedUid } from '../federation/interpreter/folded-uid.ts'
import { CLUSTERS_ANNOTATION } from '../federation/interpreter/marks.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import { bytesOf, failure } from '../machinery/client/failure.ts'
import { getJson } from '../machinery/client/json-client.ts'
import { warningTexts } from '../machinery/client/warning-texts.ts'
import type { Connector, Entry, Handler, Kind, KubeObject, Position, Request, Resource, Response } from '../machinery/meta/core.ts'
import { header } from '../machinery/meta/headers.ts'
import { isJsonObject } from '../machinery/meta/json-value.ts'
import { parseJson, stringifyJson } from '../machinery/meta/json.ts'
import { StatusError, type Status } from '../machinery/meta/status-error.ts'
import { decodeObject, mediaType, readBody } from '../machinery/server/body.ts'
import { negotiate } from '../machinery/server/negotiation.ts'
import { respond, respondBytes, respondError, warningHeaders } from '../machinery/server/respond.ts'
import { objectBytes } from '../machinery/server/shape.ts'
import { notServed } from '../machinery/server/route.ts'
import { PROTOBUF_TYPE } from '../machinery/schema/protobuf.ts'
import { shapeFor } from '../machinery/server/shapes.ts'
import { asServer } from './as-server.ts'
import type { FleetIdentity } from './combine.ts'
import { type Body, optionsMessage, readable } from './member-body.ts'
import { withoutMarks } from './template-writer.ts'

export interface HostNamespacesOptions {
  readonly kind: Kind
  /** The host's API, as this server. */
  readonly host: Handler
  readonly identity: FleetIdentity
  /** This server's own namespace. */
  readonly ownNamespace: string
  /** The row of that name, from the fleet. */
  readonly row: (name: string, signal: AbortSignal) => Promise<Entry | undefined>
  /** The fleet's position once the host's version is in it. */
  readonly positionAfter: (name: string, version: number, signal: AbortSignal) => Promise<Position>
  /** Whether whoever read at the position has seen the version of the host. */
  readonly hasSeen: (name: string, position: Position, version: number) => boolean
  readonly now: () => number
}

export function hostNamespaces(options: HostNamespacesOptions): Required<Pick<Resource, 'passOn' | 'connect'>> {
  const passOn = passedOn(options), responseKind = { group: '', version: 'v1', kind: 'Namespace' }
  const below = (verbs: Readonly<Record<string, string>>): Connector => ({
    responseKind, verbs: Object.values(verbs),
    handle: ({ name, path }, request, signal) => {
      if (path !== '') throw notServed()
      if (!Object.hasOwn(verbs, request.method)) throw StatusError.methodNotAllowed({ group: '', resource: 'namespaces' }, request.method.toLowerCase())
      return request.method === 'GET' ? shownRow(name, request, options, signal) : passOn(name, request, signal)
    },
  })
  return { passOn, connect: { finalize: below({ PUT: 'update' }), status: below({ GET: 'get', PATCH: 'patch', PUT: 'update' }) } }
}

/** A namespace's status is read with it. */
async function shownRow(name: string, request: Request, { kind, row, now }: HostNamespacesOptions, signal: AbortSignal): Promise<Response> {
  const entry = await row(name, signal)
  if (!entry) throw StatusError.notFound({ group: '', resource: 'namespaces' }, name)
  const representation = negotiate(request, { transforms: true })
  return respondBytes(200, objectBytes(shapeFor(kind, representation, request.query, 'object'), entry, now()), representation)
}

function passedOn(options: HostNamespacesOptions): NonNullable<Resource['passOn']> {
  return async (name, request, signal) => {
    const { kind, host, ownNamespace, now } = options, representation = negotiate(request, { transforms: true }), shape = shapeFor(kind, representation, request.query, 'object')
    if (name !== undefined && isOfHost(name, ownNamespace)) throw StatusError.forbidden({ group: '', resource: 'namespaces' }, name, 'it belongs to the host, and is not changed through a fleet')
    const remaining = request.method === 'DELETE' && name !== undefined ? await remainingIn(name, options, signal) : ''
    const response = await host(asServer(request, await inTermsOfHost(name, request, options, signal)), signal), warnings = warningTexts(response.headers)
    if (response.status >= 300) return respondError(await failure(response), request, warningHeaders(warnings))
    const answer = parseJson(Buffer.from(await bytesOf(response)).toString()) as KubeObject | Status
    if (remaining) warnings.push(`namespace ${JSON.stringify(name)} is deleted on the host only; it is in ${remaining} too, and stays listed while it is`)
    if (answer.kind === 'Status') return respond(response.status, answer, representation, warningHeaders(warnings))
    // Whoever waits for this uid to be gone would wait for the members', which may keep theirs for good.
    const shown = SlabEntry.of(await inTermsOfFleet(answer as KubeObject, { keepUid: remaining !== '' }, options, signal))
    return respondBytes(response.status, objectBytes(shape, shown, now()), representation, warningHeaders(warnings))
  }
}

/** Namespaces that are the host's own affair, and this server's. */
export const isOfHost = (namespace: string, ownNamespace: string): boolean => namespace === ownNamespace || namespace.startsWith('kube-')

/** What cannot be read is for the host to refuse; creations say nothing of uid and version. */
async function inTermsOfHost(name: string | undefined, request: Request, options: HostNamespacesOptions, signal: AbortSignal): Promise<Body> {
  const bytes = await readBody(request), type = mediaType(request), asItCame = { bytes, type: header(request.headers, 'content-type') ?? '' }
  if (bytes.length === 0 || name === undefined) return asItCame
  const message = type === PROTOBUF_TYPE ? (request.method === 'DELETE' ? optionsMessage(bytes) : decodeObject(bytes, 'protobuf', options.kind, '')) : undefined
  const given: unknown = message ?? readable(bytes, type), translated = await translatedBody(name, given, request.method === 'DELETE', options, signal)
  return translated === undefined ? asItCame : { bytes: Buffer.from(stringifyJson(translated)), type: message ? 'application/json' : asItCame.type }
}

/** Undefined: there is nothing to translate in it. */
async function translatedBody(name: string, given: unknown, isDeletion: boolean, options: HostNamespacesOptions, signal: AbortSignal): Promise<unknown> {
  const own = (uid: unknown) => (uid === uidOf(name, options) ? undefined : uid), version = (position: unknown) => versionOf(name, position, options, signal)
  if (Array.isArray(given)) return Promise.all(given.map((operation: unknown) => translatedOperation(operation, version)))
  const place = isDeletion ? 'preconditions' : 'metadata'
  if (!isJsonObject(given) || !isJsonObject(given[place])) return undefined
  const conditions = given[place], translated = { ...given, [place]: { ...conditions, uid: own(conditions['uid']), resourceVersion: await version(conditions['resourceVersion']) } }
  return place === 'metadata' ? withoutMarks(translated as unknown as KubeObject) : translated
}

/** kubectl gives the version that it read this way. */
async function translatedOperation(operation: unknown, version: (position: unknown) => Promise<unknown>): Promise<unknown> {
  return isJsonObject(operation) && operation['path'] === '/metadata/resourceVersion' ? { ...operation, value: await version(operation['value']) } : operation
}

/** The host's version where the client has seen it; else one that is always in conflict. */
async function versionOf(name: string, position: unknown, { host, hasSeen }: HostNamespacesOptions, signal: AbortSignal): Promise<unknown> {
  if (typeof position !== 'string' || position === '' || position === '0') return position
  const { metadata: { resourceVersion = '' } } = await getJson<KubeObject>(host, `/api/v1/namespaces/${encodeURIComponent(name)}`, signal)
  return hasSeen(name, position, Number(resourceVersion)) ? resourceVersion : '1'
}

const uidOf = (name: string, { identity }: HostNamespacesOptions) => foldedUid({ ...identity, group: '', kind: 'Namespace', namespace: '', name })

async function inTermsOfFleet(namespace: KubeObject, { keepUid }: { readonly keepUid: boolean }, options: HostNamespacesOptions, signal: AbortSignal): Promise<KubeObject> {
  const { apiVersion: _version, kind: _kind, ...object } = namespace, { name = '', resourceVersion: version = '' } = object.metadata, resourceVersion = await options.positionAfter(name, Number(version), signal)
  return { ...object, metadata: { ...object.metadata, ...(!keepUid && { uid: uidOf(name, options) }), resourceVersion } }
}

/** Members that have the namespace, for people. */
async function remainingIn(name: string, { row }: HostNamespacesOptions, signal: AbortSignal): Promise<string> {
  return (await row(name, signal))?.parse().metadata.annotations?.[CLUSTERS_ANNOTATION] ?? ''
}
