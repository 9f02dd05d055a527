import { openApiV2 } from '../schema/openapi-v2.ts'
import { openApiV3 } from '../schema/openapi-v3.ts'
import type { DocumentedResource } from '../schema/openapi-operations.ts'
import type { Definitions } from '../schema/resolve-schema.ts'
import type { Resource } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { ApiGroup, Catalog } from './catalog.ts'
import { verbsOf } from './discovery.ts'
import type { OpenApiProvider } from './openapi.ts'

/** OpenAPI of what a catalog serves, made from the definitions of its kinds; kinds without a definition may have any fields. */
export class CatalogDocuments implements OpenApiProvider {
  readonly #catalog: Catalog
  readonly #definitions: () => Definitions
  readonly #smallDefinitions: () => Definitions
  readonly #info: { readonly title: string; readonly version: string }
  #groups: readonly ApiGroup[] | undefined
  #paths: readonly string[] = []
  #v2: object | undefined
  #v3 = new Map<string, object>()

  /**
   * `definitions`: a function where kinds, and with them definitions, come and go. `smallDefinitions`: those of version 2. A kube-apiserver that aggregates this server keeps
   * that document once for every APIService, and merges it anew whenever one changes.
   */
  constructor(catalog: Catalog, definitions: Definitions | (() => Definitions), info: { readonly title: string; readonly version: string }, smallDefinitions = definitions) {
    this.#catalog = catalog
    this.#definitions = typeof definitions === 'function' ? definitions : () => definitions
    this.#smallDefinitions = typeof smallDefinitions === 'function' ? smallDefinitions : () => smallDefinitions
    this.#info = info
  }

  paths(): readonly string[] {
    this.#refresh()
    return this.#paths
  }

  v2(): Promise<object> {
    this.#v2 = this.#refresh() && this.#v2 ? this.#v2 : openApiV2({ groupVersions: this.#versions(), definitions: this.#smallDefinitions(), info: this.#info })
    return Promise.resolve(this.#v2)
  }

  v3(path: string): Promise<object | undefined> {
    this.#refresh()
    const known = this.#v3.get(path)
    if (known) return Promise.resolve(known)
    const found = this.#versions().find(({ groupVersion }) => documentPath(groupVersion) === path)
    if (!found) return Promise.reject(new StatusError('NotFound', 'the server could not find the requested resource', { details: {} }))
    const document = openApiV3({ ...found, definitions: this.#definitions(), info: this.#info })
    this.#v3.set(path, document)
    return Promise.resolve(document)
  }

  /** Whether everything is as it was. */
  #refresh(): boolean {
    const groups = this.#catalog.groups()
    if (groups === this.#groups) return true
    this.#groups = groups
    this.#v2 = undefined
    this.#v3 = new Map()
    this.#paths = this.#versions().map(({ groupVersion }) => documentPath(groupVersion)).toSorted()
    return false
  }

  #versions() {
    return (this.#groups ?? []).flatMap(({ name, versions }) => versions.map(({ version, resources }) => ({ groupVersion: { group: name, version }, resources: resources.map(documented) })))
  }
}

/** As the root of OpenAPI v3 lists it. */
export const documentPath = ({ group, version }: { group: string; version: string }) => (group ? `apis/${group}/${version}` : `api/${version}`)
const documented = (resource: Resource): DocumentedResource => ({ kind: resource.kind, verbs: verbsOf(resource), status: resource.status ?? false, ...(resource.scale && { scale: true }), ...(resource.connect && { connect: resource.connect }) })
