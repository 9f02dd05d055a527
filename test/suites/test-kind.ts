import type { Kind } from '../../src/machinery/meta/core.ts'

/** A kind for tests that need one and do not care which. */
export const testKind = (namespaced = true): Kind => ({
  group: 'test.federation', version: 'v1', kind: 'Thing', listKind: 'ThingList', plural: 'things', singular: 'thing', shortNames: [], categories: [], namespaced, columns: [], fields: {},
})
