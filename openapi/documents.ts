/**
 * Makes the files of this folder: each group's interfaces in src/apis go through tsoa, and what tsoa cannot say is put right (`post-process.ts`);
 * Kubernetes' own types are taken from kubernetes/definitions.json.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generateSpec } from 'tsoa'
import type { JsonSchema } from '../src/machinery/meta/json-schema.ts'
import { META_DESCRIPTIONS } from './meta-descriptions.ts'
import { postProcess } from './post-process.ts'

type Definitions = Record<string, JsonSchema>

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
/** Types that interfaces may name and that keep Kubernetes' names, so that a merged document has each of them once. */
const OF_KUBERNETES: Readonly<Record<string, string>> = {
  ObjectMeta: `${META}ObjectMeta`, OwnerReference: `${META}OwnerReference`, Condition: `${META}Condition`, LabelSelector: `${META}LabelSelector`, LabelSelectorRequirement: `${META}LabelSelectorRequirement`,
  Toleration: 'io.k8s.api.core.v1.Toleration', Quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
}
/** What every document refers to, besides what the kinds do. */
const OF_DOCUMENTS = ['ListMeta', 'DeleteOptions', 'Status', 'WatchEvent', 'Patch', 'APIResourceList'].map((name) => META + name)
const STORED_ALONE = ['Namespace', 'Secret', 'ConfigMap', 'ServiceAccount', 'Event'].map((name) => `io.k8s.api.core.v1.${name}`).concat('io.k8s.api.coordination.v1.Lease')

/** Texts by file name. */
export async function openApiFiles(): Promise<Record<string, string>> {
  const kubernetes = JSON.parse(readFileSync(path.join(import.meta.dirname, 'kubernetes/definitions.json'), 'utf8')) as Definitions
  const meta = closure(kubernetes, [...Object.values(OF_KUBERNETES), ...OF_DOCUMENTS]), core = closure(kubernetes, STORED_ALONE)
  const files: Record<string, Definitions> = { 'meta.v1.json': describe(meta), 'core.v1.json': describe(without(core, meta)) }
  for (const file of readdirSync(path.join(import.meta.dirname, 'carriers'))) {
    const groupVersion = path.basename(file, '.ts'), at = groupVersion.lastIndexOf('.')
    files[`${groupVersion}.json`] = postProcess(await modelsOf(file), { group: groupVersion.slice(0, at), version: groupVersion.slice(at + 1), ofKubernetes: OF_KUBERNETES })
  }
  return Object.fromEntries(Object.entries(files).map(([name, definitions]) => [name, `${JSON.stringify(sorted(definitions), undefined, 1)}\n`]))
}

/** The component schemas that tsoa makes of the types a carrier mentions. */
async function modelsOf(carrier: string): Promise<Definitions> {
  const outputDirectory = mkdtempSync(path.join(tmpdir(), 'openapi-'))
  try {
    await generateSpec({ entryFile: path.join(import.meta.dirname, 'carriers', carrier), outputDirectory, specVersion: 3, noImplicitAdditionalProperties: 'ignore' }, COMPILER_OPTIONS)
    return (JSON.parse(readFileSync(path.join(outputDirectory, 'swagger.json'), 'utf8')) as { components: { schemas: Definitions } }).components.schemas
  } finally {
    rmSync(outputDirectory, { recursive: true })
  }
}

/** As numbers of TypeScript's enumerations: tsoa brings a compiler of its own, and the one installed has no such API. */
const COMPILER_OPTIONS = { experimentalDecorators: true, allowImportingTsExtensions: true, noEmit: true, strict: true, exactOptionalPropertyTypes: true, resolveJsonModule: true, module: 199, moduleResolution: 99, target: 99 }

/** The definitions named, and all that they refer to. */
function closure(definitions: Definitions, names: readonly string[]): Definitions {
  const found: Definitions = {}
  const visit = (name: string): void => {
    if (found[name]) return
    const schema = definitions[name]
    if (!schema) throw new Error(`kubernetes/definitions.json has no ${name}`)
    found[name] = schema
    for (const [, reference] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) visit(reference!)
  }
  for (const name of names) visit(name)
  return found
}

const without = (definitions: Definitions, known: Definitions) => Object.fromEntries(Object.entries(definitions).filter(([name]) => !(name in known)))
const sorted = (definitions: Definitions) => Object.fromEntries(Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** Adds our words to Kubernetes' shapes. */
function describe(definitions: Definitions): Definitions {
  const words = (description: string | undefined, schema: JsonSchema): JsonSchema => {
    if (description === undefined) return schema
    const { $ref, ...rest } = schema
    return $ref === undefined ? { description, ...rest } : { description, allOf: [{ $ref }], ...rest }
  }
  return Object.fromEntries(Object.entries(definitions).map(([name, schema]) => {
    const texts = META_DESCRIPTIONS[name] ?? {}
    const properties = schema.properties && Object.fromEntries(Object.entries(schema.properties).map(([field, property]) => [field, words(texts[field], property)]))
    return [name, words(texts[''], { ...schema, ...(properties && { properties }) })]
  }))
}
