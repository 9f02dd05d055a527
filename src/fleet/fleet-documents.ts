import { getJson } from '../machinery/client/json-client.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import type { OpenApiProvider } from '../machinery/server/openapi.ts'
import type { FleetCatalog } from './fleet-catalog.ts'

/**
 * OpenAPI of a fleet: each group version's document as the first member by name serves it, our own groups' as we do.
 * What was read once is kept, so that documents outlive the member they came from.
 */
export class FleetDocuments implements OpenApiProvider {
  readonly #catalog: FleetCatalog
  readonly #own: OpenApiProvider
  readonly #kept = new Map<string, object>()
  #paths: readonly string[] = []
  #pathsOf: object | undefined

  constructor(catalog: FleetCatalog, own: OpenApiProvider) {
    this.#catalog = catalog
    this.#own = own
  }

  paths(): readonly string[] {
    const groups = this.#catalog.groups()
    if (groups !== this.#pathsOf) {
      this.#pathsOf = groups
      this.#paths = [...new Set([...this.#own.paths().filter((path) => path.includes('.federation/')), ...groups.flatMap(({ name, versions }) => versions.map(({ version }) => pathOf(name, version)))])].toSorted()
    }
    return this.#paths
  }

  async v3(path: string, signal: AbortSignal): Promise<object | undefined> {
    return this.#own.paths().includes(path) ? this.#own.v3(path, signal) : this.#ofMember(path, `/openapi/v3/${path}`, signal)
  }

  /** The first member's own document: what only other members serve has its schema in v3. */
  async v2(signal: AbortSignal): Promise<object> {
    const document = await this.#ofMember('', '/openapi/v2', signal)
    if (!document) throw StatusError.unavailable('no member of the fleet has answered with its OpenAPI document yet', 1)
    return document
  }

  async #ofMember(path: string, url: string, signal: AbortSignal): Promise<object | undefined> {
    const kept = this.#kept.get(path)
    if (kept) return kept
    const failures: unknown[] = []
    for (const cluster of this.#catalog.clusters()) {
      const member = this.#catalog.member(cluster)!
      if (path !== '' && !member.kinds.some(({ group, version }) => pathOf(group, version) === path)) continue
      try {
        const document = await getJson<object>(member.handler, url, signal)
        this.#kept.set(path, document)
        return document
      } catch (error) {
        signal.throwIfAborted()
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
    return undefined
  }
}

const pathOf = (group: string, version: string) => (group ? `apis/${group}/${version}` : `api/${version}`)
