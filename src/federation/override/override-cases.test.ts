/** Replays what Karmada's overriders and KubeFed's overrides make of objects (test/cases/interpretation); where ours differ, what they make instead and why. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import type { AnyOverridePolicy } from '../../apis/policy.federation/v1alpha1/override-policy-kinds.ts'
import type { Overriders } from '../../apis/policy.federation/v1alpha1/overriders.ts'
import type { ClusterOverrides } from '../../apis/types.federation/v1alpha1/cluster-overrides.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { parseJson } from '../../machinery/meta/json.ts'
import { applyOverrides } from './apply-overrides.ts'
import { formatImageName, parseImageName, splitName } from './image-name.ts'
import { matchingRules } from './matching-rules.ts'

interface Case {
  name: string
  object: KubeObject
  overriders?: Overriders
  policies?: AnyOverridePolicy[]
  cluster?: Candidate
  expectApplied?: { kind: string; name: string }[]
  image?: string
  imageName?: string
  expect?: unknown
  expectError?: boolean
}
interface KubeFedCase { name: string; object: KubeObject; overrides: ClusterOverrides[] | null; cluster: string; expect?: KubeObject; expectError?: string }

const load = <T>(file: string) => (parseJson(readFileSync(new URL(`../../../test/cases/interpretation/${file}.json`, import.meta.url), 'utf8')) as { cases: T[] }).cases
const karmada = load<Case>('overrides'), kubefed = load<KubeFedCase>('kubefed-overrides')
const member = (name: string): Candidate => ({ metadata: { name }, spec: {} })

const cronJob = (container: object) => ({ spec: { jobTemplate: { spec: { template: { spec: { containers: [container] } } } } } })
/** What comes of the object instead. */
const DIFFERENT: Readonly<Record<string, (object: KubeObject) => object>> = {
  // CronJobs have containers like all others.
  'overriders-image-cronjob-untouched-by-default': (object) => ({ ...object, ...cronJob({ name: 'a', image: 'reg.example.com/b:1' }) }),
  'overriders-args-cronjob-untouched': (object) => ({ ...object, ...cronJob({ name: 'a', args: ['-v'] }) }),
  // Identity is the template's, whatever overrides say.
  'overriders-plaintext-rename-object': (object) => object,
  // Nothing was there to be removed: no empty list is left behind.
  'overriders-command-remove-when-unset': (object) => object,
}

describe('overriders', () => {
  test.each(karmada.filter(({ overriders }) => overriders).map((one) => [one.name, one] as const))('%s', (name, { object, overriders, expect: expected, expectError }) => {
    const policy: AnyOverridePolicy = { kind: 'ClusterOverridePolicy', metadata: { name: 'p' }, spec: { overrideRules: [{ overriders: overriders! }] } }, before = JSON.stringify(object)
    const result = applyOverrides(object, { cluster: member('m1'), policies: [policy] })
    expect(JSON.stringify(object)).toBe(before)
    const error: unknown = { reason: 'PatchFailed', source: 'ClusterOverridePolicy p', field: 'spec.overrideRules[0].overriders', message: expect.stringMatching(/\S/) }
    expect(result).toEqual(expectError ? { errors: [error] } : { object: DIFFERENT[name]?.(object) ?? expected })
  })
})

describe('policies', () => {
  const rows = karmada.filter(({ policies }) => policies).map((one) => [one.name, one] as const)
  test.each(rows)('%s: which apply, and in which order', (_, { object, policies, cluster, expectApplied }) => {
    expect(matchingRules(object, cluster!, policies!).map(({ policy: { kind, metadata } }) => ({ kind, name: metadata.name }))).toEqual(expectApplied)
  })
  test.each(rows.filter(([, { expect: expected }]) => expected))('%s: what comes of it', (_, { object, policies, cluster, expect: expected }) => {
    expect(applyOverrides(object, { cluster: cluster!, policies: policies! })).toEqual({ object: expected })
  })
})

describe('images', () => {
  const parsed = (text: string) => { const image = parseImageName(text); return { ...image, string: formatImageName(image) } }
  const rows = karmada.filter(({ image }) => image).map((one) => [one.name, one] as const)
  test.each(rows.filter(([, { expectError }]) => !expectError))('%s', (_, { image, expect: expected }) => { expect(parsed(image!)).toEqual(expected) })
  test.each(rows.filter(([, { expectError }]) => expectError))('%s', (_, { image }) => { expect(() => parsed(image!)).toThrow('is no image name') })
  test.each(karmada.filter(({ imageName }) => imageName).map(({ imageName, expect: expected }) => [imageName!, expected] as const))('%s', (name, expected) => { expect(splitName(name)).toEqual(expected) })
})

describe('overrides of KubeFed', () => {
  const REASONS: Readonly<Record<string, string>> = { 'patch-failed': 'PatchFailed', forbidden: 'Forbidden', 'duplicate-path': 'DuplicatePath', 'duplicate-cluster': 'DuplicateCluster', 'unsupported-operator': 'UnsupportedOperator' }
  const differentReasons: Readonly<Record<string, string>> = {
    // The version is part of the identity: a template says in which version it is written.
    'api-version-allowed': 'forbidden',
    // Below the name there is nothing to override either.
    'escaped-spelling-of-forbidden-path': 'forbidden',
    // The recording lost the key that it removes: the recorder's own patch changed the recorded value. As it stands RFC 6902 has it fail (override.test.ts has the guide's example whole).
    'guide-example-add-then-remove-annotation': 'patch-failed',
  }
  test.each(kubefed.map((one) => [one.name, one] as const))('%s', (name, { object, overrides, cluster, expect: expected, expectError }) => {
    const result = applyOverrides(object, { cluster: member(cluster), policies: [], inline: overrides ?? undefined }), reason = differentReasons[name] ?? expectError
    expect('errors' in result ? result.errors.map((error) => error.reason) : result.object).toEqual(reason ? [REASONS[reason]] : expected)
  })
})

test('every case is replayed', () => { expect([karmada.filter(({ overriders, policies, image, imageName }) => overriders ?? policies ?? image ?? imageName).length, kubefed.length]).toEqual([98, 39]) })
