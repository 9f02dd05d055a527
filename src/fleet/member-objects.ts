/**
 * Objects that live in one member each, as what is written to: a request goes there as the user, with what a client of the fleet knows of the object put in the member's terms, and the answer comes back in the fleet's.
 *
 *   client   PUT pods/web@member1, a merged position ──▶ PUT pods/web, resourceVersion of the member     member1
 *            web@member1, its label, a position      ◀── Pod
 *
 * The mirrored review has been passed; then the member decides, as about everything that is passed through. Some kinds have a home on the host, too: host-objects.ts.
 */
import type { Reference } from '../federation/interpreter/folded-uid.ts'
import { fromFleetName, toFleetName } from '../federation/interpreter/identity-bound.ts'
import { requestInfo } from '../machinery/auth/request-info.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import { bytesOf, failure } from '../machinery/client/failure.ts'
import { getJson, once } from '../machinery/client/json-client.ts'
import { resourcePath } from '../machinery/client/resource-path.ts'
import { warningTexts } from '../machinery/client/warning-texts.ts'
import type { Connector, Kind, KubeObject, Position, Request, Resource, Response } from '../machinery/meta/core.ts'
import { withoutHeaders } from '../machinery/meta/headers.ts'
import { parseJson } from '../machinery/meta/json.ts'
import { isReason, StatusError, type Status } from '../machinery/meta/status-error.ts'
import { decodeObject, formatOf, readBody } from '../machinery/server/body.ts'
import { negotiate } from '../machinery/server/negotiation.ts'
import { respond, respondBytes, respondError, warningHeaders } from '../machinery/server/respond.ts'
import { notServed } from '../machinery/server/route.ts'
import { apiVersionOf, objectBytes } from '../machinery/server/shape.ts'
import { shapeFor } from '../machinery/server/shapes.ts'
import type { FleetMember } from './fleet-member.ts'
import { isOfFleet, ofHost, type HostObjects } from './host-objects.ts'
import { bodyInTerms, objectBody, type Body, type BodyKind } from './member-body.ts'
import { noPlacement, placementOf } from './member-placement.ts'
import { inMemberTerms, type MemberTerms } from './member-terms.ts'
import type { Combine } from './merged-view.ts'
import type { UnionKind } from './union-kinds.ts'

export interface MemberObjectsOptions {
  readonly kind: Kind
  readonly combine: Combine
  readonly member: (cluster: string) => FleetMember | undefined
  /** The fleet's position once that version of the member is in it. `key`: of the row. */
  readonly positionAfter: (key: string, member: FleetMember, version: number, signal: AbortSignal) => Promise<Position>
  /** Whether whoever read at the position has seen that version of the member. */
  readonly hasSeen: (key: string, position: Position, member: FleetMember, version: number) => boolean
  /** The folded object that is referred to: the uid the fleet shows, and its kind; undefined where uids are the members'. */
  readonly folded: (reference: Reference) => { readonly uid: string; readonly kind: UnionKind } | undefined
  /** Where what names no cluster lives. Undefined: nowhere. */
  readonly host: () => HostObjects | undefined
  readonly now: () => number
}

/** One object, or (`name` undefined) one that is to be. `uid`: the host's object that was found to be the fleet's. */
interface Place { readonly member: FleetMember; readonly namespace: string; readonly name: string | undefined; readonly subresource?: string; readonly uid?: string }

export class MemberObjects {
  readonly #options: MemberObjectsOptions

  constructor(options: MemberObjectsOptions) { this.#options = options }

  readonly passOn: NonNullable<Resource['passOn']> = async (name, request, signal) => {
    const { kind } = this.#options, { namespace: ofPath } = requestInfo(request.method, request.path, request.query), namespace = kind.namespaced ? ofPath : ''
    if (name === undefined) return this.#create(namespace, request, signal)
    const place = await this.#find(namespace, name, signal), answer = this.#answerer(place, request, signal)
    return answer(await this.#send(place, request, await this.#body(place, request, { kind, namespace, name }, signal), signal))
  }

  /** `names`: what members have of them. Those that are not known here are not served. */
  subresources(names: readonly string[]): Readonly<Record<string, Connector>> {
    return Object.fromEntries(Object.entries(SUBRESOURCES).filter(([name]) => names.includes(name)).map(([name, { verbs, kind }]) => [name, this.#connector(name, verbs, kind ?? this.#options.kind)]))
  }

  #connector(subresource: string, verbs: readonly string[], responseKind: Omit<BodyKind, 'namespaced'>): Connector {
    const { namespaced } = this.#options.kind, { group, version, kind } = responseKind, bodyKind: BodyKind = { group, version, kind, namespaced }
    return {
      verbs, responseKind: { group, version, kind },
      handle: async ({ namespace = '', name, path }, request, signal) => {
        if (path !== '') throw notServed()
        if (!verbs.includes(VERBS[request.method] ?? '')) throw new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} })
        const place = { ...(await this.#find(namespace, name, signal)), subresource }, answer = this.#answerer(place, request, signal)
        return answer(await this.#send(place, request, await this.#body(place, request, { kind: bodyKind, namespace, name }, signal), signal))
      },
    }
  }

  async #body(place: Place, request: Request, of: Parameters<typeof bodyInTerms>[1], signal: AbortSignal): Promise<Body> {
    const body = await bodyInTerms(request, of, this.#terms(place, signal))
    return place.uid === undefined ? body : ofHost(body, request.method, place.uid)
  }

  async #create(namespace: string, request: Request, signal: AbortSignal): Promise<Response> {
    const { kind, member } = this.#options, object = decodeObject(await readBody(request), formatOf(request, kind), kind, namespace)
    const of = { group: kind.group, resource: kind.plural }, found = placementOf(object, of, (cluster) => member(cluster) !== undefined), host = found ? undefined : this.#options.host()
    if (!found && !host) throw noPlacement(object, of)
    host?.check(namespace, object.metadata.name ?? '')
    const place: Place = { member: found ? member(found.cluster)! : host!.member, namespace, name: undefined }, name = found ? found.name : object.metadata.name
    const answer = this.#answerer({ ...place, name }, request, signal), placed = await inMemberTerms(name === undefined ? object : { ...object, metadata: { ...object.metadata, name } }, this.#terms(place, signal))
    return answer(await this.#send(place, request, host ? ofHost(objectBody(placed), request.method) : objectBody(placed), signal))
  }

  /** Errors: StatusError NotFound where neither a cluster of the fleet is named nor anything on the host that is the fleet's. */
  async #find(namespace: string, name: string, signal: AbortSignal): Promise<Place> {
    const { kind, host: home } = this.#options, of = { group: kind.group, resource: kind.plural }, found = fromFleetName(name), member = found && this.#options.member(found.cluster), host = home()
    if (member) return { member, namespace, name: found.name }
    const metadata = host && (await this.#metadata(host.member, resourcePath(kind, { namespace, name }), signal))
    if (!metadata?.uid || !isOfFleet(metadata)) throw StatusError.notFound(of, name)
    host!.check(namespace, name)
    return { member: host!.member, namespace, name, uid: metadata.uid }
  }

  async #send(place: Place, request: Request, { bytes, type }: Body, signal: AbortSignal): Promise<Response> {
    const { member, namespace, name, subresource } = place, query = await this.#query(place, request, signal)
    if (!member.pass) throw StatusError.internal(`${member.cluster} is not written to`)
    const path = resourcePath(this.#options.kind, { namespace, ...(name !== undefined && { name }) }), { body: _, ...rest } = request
    const headers = [...withoutHeaders(request.headers, (header) => OURS.has(header)), ['accept', 'application/json'] as const, ...(type ? [['content-type', type] as const, ['content-length', String(bytes.length)] as const] : [])]
    return member.pass(subresource === undefined ? path : `${path}/${subresource}`, { ...rest, query, headers, ...(type && { body: once(bytes) }) }, signal)
  }

  /** A deletion's condition may stand in the query; of a read, a position would be waited for. */
  async #query(place: Place, { method, query }: Request, signal: AbortSignal): Promise<URLSearchParams> {
    const position = query.get('resourceVersion'), own = new URLSearchParams(query)
    if (position === null) return query
    if (method === 'DELETE') own.set('resourceVersion', String(await this.#terms(place, signal).version(position)))
    else for (const parameter of ['resourceVersion', 'resourceVersionMatch']) own.delete(parameter)
    return own
  }

  /** Negotiates before anything is done. */
  #answerer(place: Place, request: Request, signal: AbortSignal): (response: Response) => Promise<Response> {
    const { kind, combine, now } = this.#options, { member, name } = place, representation = negotiate(request, { transforms: true }), shape = shapeFor(kind, representation, request.query, 'object')
    return async (response) => {
      const warnings = warningHeaders(warningTexts(response.headers))
      if (response.status >= 300) return respondError(renamed(await failure(response), name, member.cluster), request, warnings)
      const answer = parseJson(Buffer.from(await bytesOf(response)).toString()) as KubeObject | Status
      if (answer.kind === 'Status') return respond(response.status, withFleetName(answer as Status, name, member.cluster), representation, warnings)
      const { apiVersion, kind: kindName, ...object } = answer as KubeObject, entry = SlabEntry.of(object), key = combine.rowKey(entry.key, member.cluster)
      const shown = combine.merge(key, [{ cluster: member.cluster, entry }], await this.#options.positionAfter(key, member, Number(object.metadata.resourceVersion ?? 0), signal))
      if (apiVersion === apiVersionOf(kind) && kindName === kind.kind) return respondBytes(response.status, objectBytes(shape, shown, now()), representation, warnings)
      // A Scale, an Eviction: objects of another kind by the same name.
      return respond(response.status, { apiVersion, kind: kindName, ...shown.parse() }, representation, warnings)
    }
  }

  #terms({ member, namespace, name }: Place, signal: AbortSignal): MemberTerms {
    const { kind, combine, hasSeen, folded } = this.#options
    return {
      cluster: member.cluster,
      version: async (position) => {
        if (name === undefined || typeof position !== 'string' || position === '' || position === '0') return position
        const version = (await this.#metadata(member, resourcePath(kind, { namespace, name }), signal))?.resourceVersion ?? ''
        return hasSeen(combine.rowKey(kind.namespaced ? `${namespace}/${name}` : name, member.cluster), position, member, Number(version)) ? version : IN_CONFLICT
      },
      uid: async (reference, given) => {
        // On the host it is stored as this fleet says it. Where a patch says nothing of the namespace, it is that of the path.
        const found = member.cluster === '' ? undefined : folded({ ...reference, namespace: reference.namespace || namespace })
        if (found?.uid !== given) return undefined
        const metadata = await this.#metadata(member, resourcePath(found.kind, { namespace: reference.namespace || namespace, name: reference.name }), signal)
        if (!metadata?.uid) throw StatusError.badRequest(`${member.cluster} has no ${reference.kind} ${JSON.stringify(reference.name)}, which is referred to`)
        return metadata.uid
      },
    }
  }

  /** Asked as this server: the client learns no more of it than it has said itself. */
  async #metadata(member: FleetMember, path: string, signal: AbortSignal): Promise<KubeObject['metadata'] | undefined> {
    try {
      return (await getJson<KubeObject>(member.handler, path, signal)).metadata
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined
      throw error
    }
  }
}

/** Those that are no connection, as a kube-apiserver has them; `kind` absent: the object's own. A binding is a scheduler's, which works in its own cluster. */
const SUBRESOURCES: Readonly<Record<string, { readonly verbs: readonly string[]; readonly kind?: Pick<Kind, 'group' | 'version' | 'kind'> }>> = {
  ...Object.fromEntries(['status', 'ephemeralcontainers', 'resize', 'approval'].map((name) => [name, { verbs: ['get', 'patch', 'update'] }])),
  scale: { verbs: ['get', 'patch', 'update'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
  eviction: { verbs: ['create'], kind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
  finalize: { verbs: ['update'] },
  token: { verbs: ['create'], kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } },
}
const VERBS: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch' }
/** What is said anew about a body that may be another, and an answer that is read here. */
const OURS = new Set(['accept', 'accept-encoding', 'content-type', 'content-length', 'if-none-match'])
/** No object has this version for long. */
const IN_CONFLICT = '1'

/** The member's words, with the name that the client knows. */
function renamed(error: StatusError, name: string | undefined, cluster: string): StatusError {
  if (name === undefined || cluster === '') return error
  const { reason, code, details, message } = error
  return new StatusError(reason, message.replace(`"${name}"`, () => `"${toFleetName(name, cluster)}"`), { code, cause: error, ...(details && { details: { ...details, ...(details.name === name && { name: toFleetName(name, cluster) }) } }) })
}

const withFleetName = (status: Status, name: string | undefined, cluster: string): Status =>
  name !== undefined && cluster !== '' && status.details?.name === name ? { ...status, details: { ...status.details, name: toFleetName(name, cluster) } } : status
