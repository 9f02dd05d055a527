import { describe, expect, test } from 'vitest'
import type { ManagedFieldsEntry } from '../../machinery/apply/managed-fields.ts'
import { fieldsOfNative, fieldsOfTemplate } from './managed-template.ts'

const versions = { native: 'apps/v1', hub: 'types.federation/v1alpha1' }, time = '2030-01-01T00:00:00Z'
const entry = (manager: string, apiVersion: string, fieldsV1: object, more: object = {}): ManagedFieldsEntry => ({ manager, operation: 'Update', apiVersion, time, fieldsType: 'FieldsV1', fieldsV1, ...more }) as ManagedFieldsEntry
const hub = (manager: string, fieldsV1: object, more: object = {}) => entry(manager, versions.hub, fieldsV1, more), native = (manager: string, fieldsV1: object, more: object = {}) => entry(manager, versions.native, fieldsV1, more)
const template = (fields: object) => ({ 'f:spec': { 'f:template': fields } }), applied = { operation: 'Apply' }, replicas = { 'f:spec': { 'f:replicas': {} } }, image = { 'f:spec': { 'f:image': {} } }, placement = { 'f:spec': { 'f:placement': {} } }

describe('who owns what of the native object', () => {
  test.each<[string, unknown, unknown]>([
    ['what lies in the template, at its own root', [hub('kubectl', template(replicas), applied)], [native('kubectl', replicas, applied)]],
    ['not the kind, nor the rest of the federated object', [hub('kubectl', { 'f:spec': { 'f:placement': {}, 'f:template': { 'f:apiVersion': {}, 'f:kind': {}, ...replicas } } })], [native('kubectl', replicas)]],
    ['nobody who owns nothing of the template', [hub('scheduler', placement)], undefined],
    ['nobody of another version', [entry('old', 'types.federation/v1', template(replicas))], undefined],
    ['lists keep their keys', [hub('kubectl', template({ 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {} } } } }))], [native('kubectl', { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {} } } } })]],
    ['nobody, where it cannot be read', [{ manager: 'x', fieldsType: 'FieldsV9' }], undefined],
    ['nobody, where nobody does', undefined, undefined],
  ])('%s', (_name, given, expected) => expect(fieldsOfNative(given, versions)).toEqual(expected))
})

describe('and back', () => {
  test.each<[string, { readonly now: unknown; readonly before?: unknown }, unknown]>([
    ['into the template', { now: [native('kubectl', replicas, applied)] }, [hub('kubectl', template(replicas), applied)]],
    ['with what the same manager owned of the rest', { now: [native('kubectl', replicas)], before: [hub('kubectl', { 'f:spec': { 'f:placement': {}, 'f:template': image } })] }, [hub('kubectl', { 'f:spec': { 'f:placement': {}, 'f:template': replicas } })]],
    ['others keep what they own of the rest', { now: [native('kubectl', replicas)], before: [hub('placer', placement)] }, [hub('kubectl', template(replicas)), hub('placer', placement)]],
    ['whoever owns nothing any more is gone', { now: [], before: [hub('kubectl', template(replicas))] }, undefined],
    ['entries of other versions are not of this object', { now: [entry('kubectl', 'apps/v1beta1', replicas)] }, undefined],
  ])('%s', (_name, { now, before }, expected) => expect(fieldsOfTemplate(now, before, versions)).toEqual(expected))

  test('there and back is the same', () => {
    const before = [hub('kubectl', { 'f:spec': { 'f:placement': {}, 'f:template': replicas } }, applied), hub('placer', placement)]
    expect(fieldsOfTemplate(fieldsOfNative(before, versions), before, versions)).toEqual(before)
  })
})
