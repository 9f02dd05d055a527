import type { Position } from './core.ts'

/** Order of resourceVersions as clients compute it since Kubernetes 1.35 (k8s.io/apimachinery/pkg/util/resourceversion): longer is later, then digit by digit. */
export const comparePositions = (a: Position, b: Position): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)

/** What a client may send: decimal, no sign, no leading zero, not zero. */
export const isPosition = (text: string): boolean => /^[1-9]\d*$/.test(text)
