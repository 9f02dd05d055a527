import type { Clock } from '../lib/clock.ts'
import { getJson } from '../machinery/client/json-client.ts'
import type { Handler } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { documentPath } from '../machinery/server/catalog-documents.ts'
import type { OpenApiProvider } from '../machinery/server/openapi.ts'
import type { FleetCatalog } from './fleet-catalog.ts'
import type { FleetMember } from './fleet-member.ts'

/** A member's document, and what said that it is the present one. */
interface Kept { readonly cluster: string; readonly document: object; readonly hash: string; checkedAt: number }

const FRESH_MS = 60_000, V2 = ''

/**
 * OpenAPI of a fleet: each group version's document as the first member by name serves it, our own groups' as we do.
 * What was read once is kept, so that documents outlive the member they came from; once a minute its hash is compared.
 */
export class FleetDocuments implements OpenApiProvider {
  readonly #catalog: FleetCatalog
  readonly #own: OpenApiProvider
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  #paths: readonly string[] = []
  #pathsOf: object | undefined

  constructor(catalog: FleetCatalog, own: OpenApiProvider, clock: Clock) {
    this.#catalog = catalog
    this.#own = own
    this.#clock = clock
  }

  paths(): readonly string[] {
    const groups = this.#catalog.groups()
    if (groups !== this.#pathsOf) {
      this.#pathsOf = groups
      this.#paths = [...new Set([...this.#own.paths().filter((path) => path.includes('.federation/')), ...groups.flatMap(({ name, versions }) => versions.map(({ version }) => documentPath({ group: name, version })))])].toSorted()
    }
    return this.#paths
  }

  async v3(path: string, signal: AbortSignal): Promise<object | undefined> {
    return this.#own.paths().includes(path) ? this.#own.v3(path, signal) : this.#ofMembers(path, signal)
  }

  /** The first member's own document: what only other members serve has its schema in v3. */
  async v2(signal: AbortSignal): Promise<object> {
    const document = await this.#ofMembers(V2, signal)
    if (!document) throw StatusError.unavailable('no member of the fleet has answered with its OpenAPI document yet', 1)
    return document
  }

  async #ofMembers(path: string, signal: AbortSignal): Promise<object | undefined> {
    const kept = this.#kept.get(path), now = this.#clock.now()
    if (kept && now - kept.checkedAt < FRESH_MS) return kept.document
    const failures: unknown[] = []
    for (const member of this.#candidates(path)) {
      try {
        const hash = await hashOf(member.handler, path, signal)
        if (kept?.cluster === member.cluster && kept.hash === hash) { kept.checkedAt = now; return kept.document }
        const document = await getJson<object>(member.handler, path === V2 ? '/openapi/v2' : `/openapi/v3/${path}`, signal)
        this.#kept.set(path, { cluster: member.cluster, document, hash, checkedAt: now })
        return document
      } catch (error) {
        signal.throwIfAborted()
        failures.push(error)
      }
    }
    if (kept) return kept.document
    if (failures.length > 0) throw failures[0]
    return undefined
  }

  #candidates(path: string): FleetMember[] {
    return this.#catalog.clusters().map((cluster) => this.#catalog.member(cluster)!).filter(({ kinds }) => path === V2 || kinds.some(({ group, version }) => documentPath({ group, version }) === path))
  }
}

/** Hashes of all documents are in the root of v3: v2 changes when any of them does. */
async function hashOf(member: Handler, path: string, signal: AbortSignal): Promise<string> {
  const { paths } = await getJson<{ paths: Record<string, { serverRelativeURL: string }> }>(member, '/openapi/v3', signal)
  return path === V2 ? JSON.stringify(paths) : (paths[path]?.serverRelativeURL ?? '')
}
