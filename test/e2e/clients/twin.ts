/**
 * The twin of a kind that our server serves: the same kind as a CustomResourceDefinition of the host's kube-apiserver, its schema taken from
 * the OpenAPI document that our server publishes. What a client is told of the one, it must be told of the other.
 */
import type { Subject } from './subjects.ts'

/** As long as ours, so that tables and wrapped lines have the same widths. */
export const twinGroup = (group: string): string => group.replace(/federation$/, 'kubernetes')

interface Schema { readonly [keyword: string]: unknown; readonly properties?: Readonly<Record<string, Schema>>; readonly items?: Schema; readonly additionalProperties?: Schema | boolean; readonly allOf?: readonly Schema[]; readonly $ref?: string }
export interface OpenApiDocument { readonly components: { readonly schemas: Readonly<Record<string, Schema>> } }

export function twinDefinition({ group, kind, plural, isNamespaced, shortNames, columns, replicas }: Subject, { components: { schemas } }: OpenApiDocument): object {
  const root = Object.values(schemas).find((schema) => (schema['x-kubernetes-group-version-kind'] as { kind: string; group: string }[] | undefined)?.some((each) => each.kind === kind && each.group === group))
  if (!root) throw new Error(`${group} publishes no schema of ${kind}`)
  const { apiVersion: _, kind: __, metadata: ___, ...properties } = root.properties!, name = twinGroup(group)
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${name}` },
    spec: {
      group: name, scope: isNamespaced ? 'Namespaced' : 'Cluster', names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames, categories: ['federation'] },
      versions: [{
        name: 'v1alpha1', served: true, storage: true, subresources: { status: {}, ...(replicas && { scale: { specReplicasPath: `.${replicas.join('.')}`, statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' } }) },
        additionalPrinterColumns: columns.map(([column, type, jsonPath, priority = 0]) => ({ name: column, type, jsonPath, priority })),
        schema: { openAPIV3Schema: structural({ ...root, properties }, schemas) },
      }],
    },
  }
}

const REFERENCE = '#/components/schemas/'

/** Without references and what a structural schema may not say. */
function structural(schema: Schema, schemas: OpenApiDocument['components']['schemas']): Schema {
  const { $ref, allOf = [], 'x-kubernetes-group-version-kind': _, 'x-kubernetes-patch-strategy': __, 'x-kubernetes-patch-merge-key': ___, ...rest } = schema
  if (rest['oneOf']) return { 'x-kubernetes-int-or-string': true }
  const inside = (inner: Schema) => structural(inner, schemas)
  return {
    ...Object.assign({}, ...[...($ref ? [schemas[$ref.slice(REFERENCE.length)]!] : []), ...allOf].map(inside)) as Schema, ...rest,
    ...(rest.properties && { properties: Object.fromEntries(Object.entries(rest.properties).map(([name, property]) => [name, inside(property)])) }),
    ...(rest.items && { items: inside(rest.items) }),
    ...(typeof rest.additionalProperties === 'object' && { additionalProperties: inside(rest.additionalProperties) }),
  }
}
