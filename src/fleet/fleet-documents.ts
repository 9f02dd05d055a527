import type { Clock } from '../lib/clock.ts'
import { bytesOf, failure } from '../machinery/client/failure.ts'
import { getJson } from '../machinery/client/json-client.ts'
import type { Handler } from '../machinery/meta/core.ts'
import { header } from '../machinery/meta/headers.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { documentPath } from '../machinery/server/catalog-documents.ts'
import type { OpenApiProvider } from '../machinery/server/openapi.ts'
import type { FleetCatalog } from './fleet-catalog.ts'
import type { FleetMember } from './fleet-member.ts'

type DocumentedMember = Pick<FleetMember, 'cluster' | 'handler' | 'kinds'>
type Documented = Pick<FleetCatalog, 'groups' | 'clusters'> & { member(cluster: string): DocumentedMember | undefined }

/** A member's document, and what said that it is the present one. */
interface Kept { readonly cluster: string; readonly document: object; readonly hash: string; checkedAt: number }

/** Whoever adds a CustomResourceDefinition looks for its schema. */
const FRESH_MS = 2000, V2 = ''

/**
 * OpenAPI of a fleet: each group version's document as the first member by name serves it, our own groups' as we do.
 * What was read once is kept, so that documents outlive the member they came from; its hash is compared when it is asked for again after a moment.
 */
export class FleetDocuments implements OpenApiProvider {
  readonly #catalog: Documented
  readonly #own: OpenApiProvider
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  #paths: readonly string[] = []
  #pathsOf: object | undefined

  constructor(catalog: Documented, own: OpenApiProvider, clock: Clock) {
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
        const read = await (path === V2 ? readV2 : readV3)(member.handler, path, kept?.cluster === member.cluster ? kept.hash : undefined, signal)
        if (!read) { kept!.checkedAt = now; return kept!.document }
        this.#kept.set(path, { cluster: member.cluster, ...read, checkedAt: now })
        return read.document
      } catch (error) {
        signal.throwIfAborted()
        failures.push(error)
      }
    }
    if (kept) return kept.document
    if (failures.length > 0) throw failures[0]
    return undefined
  }

  #candidates(path: string): DocumentedMember[] {
    return this.#catalog.clusters().map((cluster) => this.#catalog.member(cluster)!).filter(({ kinds }) => path === V2 || kinds.some(({ group, version }) => documentPath({ group, version }) === path))
  }
}

type Read = Pick<Kept, 'document' | 'hash'>

/** Undefined: it still has that hash. Hashes of all documents are in the root of v3. */
async function readV3(member: Handler, path: string, known: string | undefined, signal: AbortSignal): Promise<Read | undefined> {
  const { paths } = await getJson<{ paths: Record<string, { serverRelativeURL: string }> }>(member, '/openapi/v3', signal), hash = paths[path]?.serverRelativeURL ?? ''
  return known === hash ? undefined : { hash, document: await getJson<object>(member, `/openapi/v3/${path}`, signal) }
}

/** It is made later than those of v3, so that only its own entity tag tells its age. */
async function readV2(member: Handler, _path: string, known: string | undefined, signal: AbortSignal): Promise<Read | undefined> {
  const response = await member({ method: 'GET', path: '/openapi/v2', query: new URLSearchParams(), headers: [['accept', 'application/json'], ...(known ? [['if-none-match', known] as const] : [])] }, signal)
  if (response.status === 304) return undefined
  if (response.status !== 200) throw await failure(response)
  return { hash: header(response.headers, 'etag') ?? '', document: JSON.parse(Buffer.from(await bytesOf(response)).toString()) as object }
}
