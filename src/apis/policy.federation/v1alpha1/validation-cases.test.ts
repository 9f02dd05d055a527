/** Replays what Karmada's webhooks and KubeFed's answer to policies, clusters and type configurations (test/cases/interpretation), compared by type and field; where ours differ, what they answer instead and why. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../../machinery/meta/core.ts'
import { validateObjectMeta, validateObjectMetaUpdate } from '../../../machinery/meta/object-meta.ts'
import { dns1123Subdomain } from '../../../machinery/meta/names.ts'
import type { StoredKind } from '../../../machinery/meta/strategy.ts'
import { applyDefaults } from '../../../machinery/schema/apply-defaults.ts'
import { prune } from '../../../machinery/schema/prune.ts'
import { validateSchema } from '../../../machinery/schema/validate-schema.ts'
import { clusterKind } from '../../cluster.federation/v1alpha1/cluster-kind.ts'
import { federatedTypeConfigKind } from './federated-type-config.ts'
import { clusterOverridePolicyKind, overridePolicyKind } from './override-policy-kinds.ts'
import { clusterPropagationPolicyKind, propagationPolicyKind } from './propagation-policy-kinds.ts'
import type { SelectedKinds } from './selected-kinds.ts'

interface Case { name: string; kind: string; object: KubeObject; oldObject?: KubeObject; subresource?: string; valid: boolean; errors?: { type: string; field?: string }[]; expectFixed?: Pick<Case, 'valid' | 'errors'> }
const load = (file: string, replace: (text: string) => string = (text) => text) => (JSON.parse(replace(readFileSync(new URL(`../../../../test/cases/interpretation/${file}.json`, import.meta.url), 'utf8'))) as { cases: Case[] }).cases

const selected: SelectedKinds = { resourceOf: (_, kind) => ({ group: 'x', resource: kind }), check: () => [] }
const KINDS: Readonly<Record<string, StoredKind>> = Object.fromEntries([
  propagationPolicyKind(selected), clusterPropagationPolicyKind(selected), overridePolicyKind(selected), clusterOverridePolicyKind(selected), federatedTypeConfigKind, clusterKind({ allowLoopback: true, secretNamespace: 'ns1' }),
].map((kind) => [kind.kind, kind as unknown as StoredKind]))

/** As they are made on a create: defaults, what the server sets, schema, rules; fields that nothing acts on yet are another test's. */
async function mistakesOf({ kind: name, object, oldObject, subresource }: Case): Promise<string[]> {
  const kind = KINDS[name]!, schema = await kind.schema(new AbortController().signal), { strategy } = kind, shaped = applyDefaults(schema, prune(schema, structuredClone(object)))
  const prepared = strategy.prepareForCreate?.(shaped, 0) ?? shaped, namespaced = kind.namespaced && object.metadata.namespace !== undefined
  const errors = [...validateObjectMeta(prepared.metadata, { namespaced, validateName: strategy.validateName ?? dns1123Subdomain }), ...(oldObject?.metadata ? validateObjectMetaUpdate(prepared.metadata, oldObject.metadata) : []), ...validateSchema(schema, prepared), ...(strategy.validate?.(prepared) ?? [])]
  return textsOf(errors.filter(({ message, field }) => !message.includes('not supported by this release') && (subresource === 'status' || !field.startsWith('status'))))
}
const textsOf = (errors: readonly { type: string; field?: string }[]) => [...new Set(errors.map(({ type, field = '' }) => `${type} ${field}`))].toSorted()

/**
 * The schema of our kinds says more than a webhook needs to: it names the very field where upstream names what holds it, and calls a value unsupported, duplicate or missing where upstream calls
 * all of it invalid. An error at a field inside the expected one is that error.
 */
function asExpected(ours: readonly string[], theirs: readonly string[]): string[] {
  const fieldOf = (text: string) => text.slice(text.indexOf(' ') + 1)
  const wider = (text: string) => theirs.find((other) => text === other || fieldOf(text).startsWith(`${fieldOf(other)}.`) || fieldOf(text).startsWith(`${fieldOf(other)}[`)) ?? text
  return [...new Set(ours.map(wider))].toSorted()
}

const rows = load('policy-validation').map((one) => [one.name, { ...one, object: completed(one) }] as const)
/** With what the schema wants, upstream's too, before the webhooks recorded here are asked: a selector; and an endpoint, which Push cannot do without here. */
function completed({ kind, object }: Case): KubeObject {
  const spec = object['spec'] as Record<string, unknown> | undefined, by = (more: object) => ({ ...object, spec: { ...more, ...spec } })
  if (kind === 'Cluster' && spec?.['syncMode'] === 'Push') return by({ apiEndpoint: 'https://10.0.0.1' })
  return kind.endsWith('PropagationPolicy') ? by({ resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }] }) : object
}

const OPERATOR_FIRST = ['FieldValueNotSupported spec.overriders.plaintext[0].operator'], DUPLICATE_FIELDS = [1, 2].map((index) => `FieldValueDuplicate spec.placement.spreadConstraints[${index}].spreadByField`)
const OVERFLOW = 'spec.placement.clusterAffinities[0]', NO_REST = [`FieldValueForbidden ${OVERFLOW}.overflowAffinities`]
const DIFFERENT: Readonly<Record<string, string[]>> = {
  // The schema refuses an empty operator; rules between fields are asked about what it accepts.
  'override-valid-minimal': OPERATOR_FIRST, 'override-invalid-overriders': OPERATOR_FIRST, 'override-invalid-overriders-2': OPERATOR_FIRST, 'override-invalid-target-cluster-2': OPERATOR_FIRST,
  // Paths are pointers in every overrider; a stricter check is allowed.
  'override-plaintext-bad-path-not-checked': ['FieldValueInvalid spec.overrideRules[0].overriders.plaintext[0].path'],
  // The namespace is filled in, as upstream's other webhook does.
  'override-namespaced-selector-no-namespace': [],
  // Upstream names a field that does not exist.
  'propagation-invalid-suspension-suspension': ['FieldValueInvalid spec.suspension'],
  // Another scheduler is refused in the first place (`unsupported.ts`).
  'propagation-cluster-scheduler-name-immutable': [],
  // Each repetition is told where it is.
  'propagation-invalid-placement-spread-constraints-6': ['FieldValueInvalid spec.placement.spreadConstraints[0]', ...DUPLICATE_FIELDS], 'propagation-spread-three-same-field': DUPLICATE_FIELDS,
  // Rules between fields are asked of what the schema accepts.
  'propagation-invalid-placement-spread-constraints-5': ['FieldValueInvalid spec.placement.spreadConstraints[0]'],
  'propagation-many-errors-at-once': ['FieldValueInvalid spec.placement.spreadConstraints[0]'],
  // What is missing is the first choice, not the tiers behind it.
  'propagation-invalid-cluster-affinities-overflow-affinities-4': [`FieldValueRequired ${OVERFLOW}`],
  'propagation-invalid-cluster-affinities-overflow-affinities-5': [`FieldValueDuplicate ${OVERFLOW}.overflowAffinities[1].affinityName`, `FieldValueRequired ${OVERFLOW}`],
  // Overflow without meaning is forbidden, not invalid; with fixed weights it has one here.
  'propagation-invalid-cluster-affinities-overflow-affinities': NO_REST, 'propagation-invalid-cluster-affinities-overflow-affinities-2': [], 'propagation-overflow-static-weight': [],
  // An empty list asks for nothing.
  'propagation-overflow-empty-list-duplicated-mode': [],
  // The namespace of Secrets is filled in.
  'cluster-required-impersonator-secret-ref-namespace': ['FieldValueRequired spec.impersonatorSecretRef.name'], 'cluster-required-secret-ref-namespace': ['FieldValueRequired spec.secretRef.name'],
  // Upstream misspells the field.
  'cluster-invalid-zones': ['FieldValueInvalid spec.zones[0]'],
  // No agent exists yet.
  'cluster-pull-minimal': ['FieldValueForbidden spec.syncMode'], 'cluster-update-sync-mode': ['FieldValueForbidden spec.syncMode'],
  // Empty is no value of an enumeration; what is absent is told once.
  'cluster-taint-effect-empty': ['FieldValueNotSupported spec.taints[0].effect'], 'cluster-no-sync-mode-two-errors': ['FieldValueRequired spec.syncMode'],
}

test.each(rows)('%s', async (name, given) => {
  const theirs = DIFFERENT[name] ?? textsOf((given.expectFixed ?? given).errors ?? [])
  expect(asExpected(await mistakesOf(given), theirs)).toEqual(theirs.toSorted())
})

/** KubeFed's groups in our words, as manifests carry over. */
const kubefed = load('kubefed-validation', (text) => text.replaceAll('types.kubefed.io', 'types.federation').replaceAll('core.kubefed.io/v1beta1', 'policy.federation/v1alpha1'))
/** Its configuration is a matter of flags here. */
const WITHOUT_KIND = kubefed.filter(({ kind }) => kind === 'KubeFedConfig')
/** Its conditions are another list than ours. */
const isClusterStatus = ({ kind, subresource }: Case) => kind === 'KubeFedCluster' && subresource === 'status'
/** `name` stands for the metadata's; a cluster is ours by its mode. */
const inOurWords = ({ errors, ...given }: Case): Case => ({
  ...given, ...(errors && { errors: errors.map(({ type, field }) => ({ type, field: field === 'name' ? 'metadata.name' : field! })) }),
  ...(given.kind === 'KubeFedCluster' && { kind: 'Cluster', object: { metadata: given.object.metadata, spec: { syncMode: 'Push', ...withoutEmptyProxy(given.object['spec'] as Record<string, unknown>) } } }),
})
const withoutEmptyProxy = ({ proxyURL, ...spec }: Record<string, unknown>) => ({ ...spec, ...(proxyURL ? { proxyURL } : {}) })

const HTTPS_ONLY = ['FieldValueInvalid spec.apiEndpoint']
const DIFFERENT_FROM_KUBEFED: Readonly<Record<string, string[]>> = {
  // Empty is no value of an enumeration.
  'ftc-required-federated-type-scope': ['FieldValueNotSupported spec.federatedType.scope'], 'ftc-required-status-propagation-controller': ['FieldValueNotSupported status.propagationController'],
  // An endpoint is a URL, and https.
  ...Object.fromEntries(['example-com', 'my-example-com-1', '192-0-2-219-65535', 'v6-2001-db8-25a4-8d2-1-8080', 'http-192-0-2-219-65535'].map((name) => [`cluster-endpoint-ok-${name}`, HTTPS_ONLY])),
}

test.each(kubefed.filter((one) => !WITHOUT_KIND.includes(one) && !isClusterStatus(one)).map((one) => [one.name, inOurWords(one)] as const))('KubeFed: %s', async (name, given) => {
  const theirs = DIFFERENT_FROM_KUBEFED[name] ?? textsOf(given.errors ?? [])
  expect(asExpected(await mistakesOf(given), theirs)).toEqual(theirs.toSorted())
})

test('every case is replayed, or has no counterpart', () => { expect([rows.length, kubefed.length, WITHOUT_KIND.length, kubefed.filter(isClusterStatus).length]).toEqual([136, 66, 25, 3]) })
