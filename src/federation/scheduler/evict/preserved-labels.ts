import type { StatePreservation } from '../../../apis/policy.federation/v1alpha1/failover.ts'
import { labelValue } from '../../../machinery/meta/names.ts'
import { compileJsonPath } from '../../interpreter/columns/json-path.ts'

/** Labels that tell the new copy of the old one's state; or why they cannot be made. `status`: of the old copy. */
export function preservedLabels({ rules }: StatePreservation, status: unknown): { readonly labels: Readonly<Record<string, string>> } | { readonly problem: string } {
  if (typeof status !== 'object' || status === null) return { problem: 'no status of the copy there is known, and its state is to be preserved' }
  const labels: Record<string, string> = {}
  for (const { aliasLabelName, jsonPath } of rules) {
    const found = textOf(valueAt(jsonPath, status))
    if (found === undefined) return { problem: `the status of the copy there has no ${jsonPath}, which is to be preserved` }
    if (labelValue(found).length > 0) return { problem: `${jsonPath} in the status of the copy there is ${JSON.stringify(found.slice(0, 80))}, which no label can hold` }
    labels[aliasLabelName] = found
  }
  return { labels }
}

function valueAt(jsonPath: string, status: object): unknown {
  const path = /^\s*\{([^{}]*)\}\s*$/.exec(jsonPath)?.[1] ?? jsonPath
  try { return compileJsonPath(path.trim())(status) } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** As kubectl prints it. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || JSON.isRawJSON(value)) return JSON.isRawJSON(value) ? JSON.stringify(value) : String(value)
  return undefined
}
