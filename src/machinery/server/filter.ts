import type { Handler } from '../meta/core.ts'

/** Wraps a handler; what it does before and after `next` is its business. */
export type Filter = (next: Handler) => Handler

/** The first filter sees a request first and its response last. */
export const compose = (filters: readonly Filter[], handler: Handler): Handler => filters.reduceRight((next, filter) => filter(next), handler)
