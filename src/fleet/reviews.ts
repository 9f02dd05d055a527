/**
 * Reviews through a fleet: questions that are asked by creating an object, which nobody stores. What may be done is answered in the fleet's vocabulary,
 * who somebody is by this server, whose token it is by the host.
 */
import type { RulesOfUser } from '../host/rules-of-user.ts'
import type { Authorizer } from '../machinery/auth/authorizer.ts'
import { forwarded } from '../federation/member/impersonate.ts'
import type { Handler, Kind, ListerWatcher, Request, Resource, Response } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { decodeObject, formatOf, readBody } from '../machinery/server/body.ts'
import type { ApiGroup, Catalog } from '../machinery/server/catalog.ts'
import { negotiate } from '../machinery/server/negotiation.ts'
import { respond } from '../machinery/server/respond.ts'
import { accessReview } from './access-review.ts'
import { selfRulesReview } from './self-rules.ts'

export interface ReviewsOptions {
  readonly authorizer: Authorizer
  /** Absent: there is no host to ask. */
  readonly rulesOf: RulesOfUser | undefined
  /** What this server serves itself: plurals by group. */
  readonly own: () => ReadonlyMap<string, ReadonlySet<string>>
  /** The host's API, as this server. Undefined: it is not known yet. */
  readonly host: () => Handler | undefined
}

type ReviewKind = Pick<Kind, 'group' | 'version' | 'kind' | 'plural' | 'singular' | 'namespaced'>
type Answer = (request: Request, namespace: string, signal: AbortSignal) => Promise<Response>

const AUTHORIZATION = 'authorization.k8s.io', AUTHENTICATION = 'authentication.k8s.io'
const kindOf = (group: string, kind: string, namespaced = false): ReviewKind => ({ group, version: 'v1', kind, plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase(), namespaced })

/** As groups of a catalog: creating is all that can be done. */
function reviewGroups({ authorizer, rulesOf, own, host }: ReviewsOptions): readonly ApiGroup[] {
  const access = (kind: string, namespaced = false) => { const review = kindOf(AUTHORIZATION, kind, namespaced); return resourceOf(review, (request, namespace, signal) => accessReview(request, { review, namespace }, authorizer, signal)) }
  const tokens = kindOf(AUTHENTICATION, 'TokenReview'), self = kindOf(AUTHENTICATION, 'SelfSubjectReview')
  return [
    { name: AUTHENTICATION, versions: [{ version: 'v1', resources: [resourceOf(self, (request) => selfReview(request, self)), resourceOf(tokens, (request, _, signal) => tokenReview(request, host(), signal))] }] },
    { name: AUTHORIZATION, versions: [{ version: 'v1', resources: [
      access('LocalSubjectAccessReview', true), access('SelfSubjectAccessReview'), access('SubjectAccessReview'),
      resourceOf(kindOf(AUTHORIZATION, 'SelfSubjectRulesReview'), (request, _, signal) => selfRulesReview(request, { authorizer, rulesOf, own: own() }, signal)),
    ] }] },
  ]
}

/** A catalog and reviews; the same array as long as the catalog's is. */
export class ReviewedCatalog implements Catalog {
  readonly #catalog: Catalog
  readonly #reviews: readonly ApiGroup[]
  #of: readonly ApiGroup[] = []
  #groups: readonly ApiGroup[]

  constructor(catalog: Catalog, options: ReviewsOptions) {
    this.#catalog = catalog
    this.#groups = this.#reviews = reviewGroups(options)
  }

  groups(): readonly ApiGroup[] {
    const of = this.#catalog.groups()
    if (of !== this.#of) {
      this.#of = of
      this.#groups = [...of, ...this.#reviews]
    }
    return this.#groups
  }
}

/** Nothing of it can be read. */
function resourceOf(review: ReviewKind, answer: Answer): Resource {
  const kind: Kind = { ...review, listKind: `${review.kind}List`, shortNames: [], categories: [], columns: [], fields: {} }, refused = () => StatusError.methodNotAllowed({ group: kind.group, resource: kind.plural }, 'get')
  // oxlint-disable-next-line require-yield -- there is nothing to watch
  const reader: ListerWatcher = { kind, list: () => Promise.reject(refused()), async *watch() { await Promise.reject(refused()) } }
  return { kind, reader, onlyCreate: true, passOn: (_, request, signal) => answer(request, namespaceOf(request), signal) }
}

/** A path of a namespace: `/apis/GROUP/VERSION/namespaces/NAMESPACE/…`. */
const namespaceOf = ({ path }: Request): string => decodeURIComponent(/^\/apis\/[^/]+\/[^/]+\/namespaces\/([^/]+)\//.exec(path)?.[1] ?? '')

/** `kubectl auth whoami`: as this server knows the user. */
async function selfReview(request: Request, review: ReviewKind): Promise<Response> {
  decodeObject(await readBody(request), formatOf(request, review), review, '')
  const { name, uid, groups, extra } = request.user!
  const userInfo = { username: name, ...(uid !== undefined && { uid }), groups, ...(Object.keys(extra).length > 0 && { extra }) }
  return respond(201, { kind: review.kind, apiVersion: `${review.group}/${review.version}`, metadata: {}, status: { userInfo } }, negotiate(request))
}

/** Tokens are the host's. */
async function tokenReview(request: Request, host: Handler | undefined, signal: AbortSignal): Promise<Response> {
  if (!host) throw StatusError.unavailable('the host is not known yet', 1)
  return host({ method: request.method, path: request.path, query: request.query, headers: forwarded(request.headers), ...(request.body && { body: request.body }) }, signal)
}
