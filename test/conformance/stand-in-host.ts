/** What surrounds a recorded script, in memory: namespaces, the rights of its users, reviews. */
import { loadAll } from 'js-yaml'
import type { Attributes, Authorizer } from '../../src/machinery/auth/authorizer.ts'
import type { KubeObject, User } from '../../src/machinery/meta/core.ts'
import { isJsonObject } from '../../src/machinery/meta/json-value.ts'
import type { NamespaceGuard } from '../../src/machinery/registry/namespace-guard.ts'
import type { Surroundings } from './conversation.ts'
import type { Pairs, Received, Sent } from './exchange.ts'

interface Rule { apiGroups?: string[]; resources?: string[]; resourceNames?: string[]; nonResourceURLs?: string[]; verbs: string[] }
interface Role { kind: string; metadata: { name: string }; rules: Rule[] }
interface Binding { kind: string; roleRef: { name: string }; subjects: { kind: 'User' | 'Group'; name: string }[] }

/** What every Kubernetes cluster lets everybody see (bootstrap policy: system:public-info-viewer, system:discovery). */
const PUBLIC = ['/healthz', '/livez', '/readyz', '/version', '/version/'], DISCOVERY = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*']

export class StandInHost implements Surroundings {
  readonly #namespaces = new Map<string, KubeObject & { spec: { finalizers: string[] }; status: { phase: string } }>()
  readonly #grants: readonly { readonly subject: { kind: string; name: string }; readonly rule: Rule }[]

  /** `rbac`: YAML of ClusterRoles and ClusterRoleBindings. */
  constructor(rbac: string) {
    const documents = loadAll(rbac) as (Role | Binding)[], roles = new Map(documents.flatMap((document) => ('rules' in document ? [[document.metadata.name, document.rules] as const] : [])))
    this.#grants = documents.flatMap((document) => ('subjects' in document ? document.subjects.flatMap((subject) => roles.get(document.roleRef.name)!.map((rule) => ({ subject, rule }))) : []))
  }

  makeNamespace(name: string): void { this.#namespaces.set(name, { metadata: { name }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }) }

  readonly guard: NamespaceGuard = {
    phase: (name) => { const found = this.#namespaces.get(name); return Promise.resolve(!found ? 'missing' : found.status.phase === 'Active' ? 'active' : 'terminating') },
  }

  readonly authorizer: Authorizer = { authorize: (attributes) => Promise.resolve({ allowed: this.#allows(attributes), reason: '' }) }

  #allows({ user, verb, path, resource }: Attributes): boolean {
    if (!resource && verb === 'get' && (PUBLIC.includes(path) || (user.groups.includes('system:authenticated') && covers(DISCOVERY, path)))) return true
    return this.#grants.some(({ subject, rule: { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } }) => {
      if (subject.kind === 'User' ? subject.name !== user.name : !user.groups.includes(subject.name)) return false
      if (!covers(verbs, verb)) return false
      if (!resource) return covers(nonResourceURLs, path)
      const named = resource.subresource ? `${resource.resource}/${resource.subresource}` : resource.resource
      return covers(apiGroups, resource.group) && covers(resources, named) && (resourceNames.length === 0 || resourceNames.includes(resource.name))
    })
  }

  send({ method, target, headers, body }: Sent): Promise<Received> {
    const [, name] = /^\/api\/v1\/namespaces\/([^/?]+)$/.exec(target) ?? [], namespace = name === undefined ? undefined : this.#namespaces.get(name)
    if (target === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews') return Promise.resolve(answer(201, this.#review(headers, JSON.parse(body!.toString()) as unknown)))
    if (!namespace || (method !== 'GET' && method !== 'DELETE')) return Promise.reject(new Error(`the stand-in for the host does not know ${method} ${target}`))
    if (method === 'DELETE') namespace.status.phase = 'Terminating'
    return Promise.resolve(answer(200, namespace))
  }

  #review(headers: Pairs, review: unknown): object {
    const of = (name: string) => headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value), asked = isJsonObject(review) && isJsonObject(review['spec']) && isJsonObject(review['spec']['resourceAttributes']) ? review['spec']['resourceAttributes'] : {}
    const user: User = { name: of('impersonate-user')[0] ?? '', groups: [...of('impersonate-group'), 'system:authenticated'], extra: {} }, text = (field: string) => { const value = asked[field]; return typeof value === 'string' ? value : '' }
    const resource = { group: text('group'), version: text('version'), resource: text('resource'), subresource: text('subresource'), namespace: text('namespace'), name: text('name') }
    return { status: { allowed: this.#allows({ user, verb: text('verb'), path: '', resource }) } }
  }
}

const covers = (patterns: readonly string[], value: string) => patterns.some((pattern) => pattern === '*' || pattern === value || (pattern.endsWith('*') && value.startsWith(pattern.slice(0, -1))))
const answer = (status: number, body: object): Received => ({ status, headers: [['content-type', 'application/json'], ['cache-control', 'no-cache, private']], data: Buffer.from(JSON.stringify(body)) })
