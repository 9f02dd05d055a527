import type { RequestInfo } from '../auth/request-info.ts'

const CONNECTING = new Set(['proxy', 'exec', 'attach', 'portforward', 'log'])

/** What may take as long as it likes and counts against no limit: watches, and whatever is connected through (apiserver/pkg/server/filters/longrunning.go). */
export const isLongRunning = ({ verb, subresource }: RequestInfo): boolean => verb === 'watch' || verb === 'proxy' || CONNECTING.has(subresource)
