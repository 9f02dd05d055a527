import type { Position } from './core.ts'

/** Order of resourceVersions as clients compute it since Kubernetes 1.35 (k8s.io/apimachinery/pkg/util/resourceversion): longer is later, then digit by digit. */
export const comparePositions = (a: Position, b: Position): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)

/** Digits of the longest resourceVersion of a cluster that can be followed: one component of a merged position. etcd counts writes, a thousand a second for thirty years are as many. */
export const VERSION_DIGITS = 12

/** What a client may send: decimal, no sign, no leading zero, not zero. */
export const isPosition = (text: string): boolean => /^[1-9]\d*$/.test(text)
