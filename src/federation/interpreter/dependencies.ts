import type { KubeObject } from '../../machinery/meta/core.ts'
import { stringifyJson } from '../../machinery/meta/json.ts'
import { interpretationOf } from './interpretation-of.ts'
import type { Reference } from './pod-template.ts'

/** What an object needs in its cluster to work, each once; empty for kinds that no rule is known for. */
export function dependenciesOf(object: KubeObject): Reference[] {
  const { namespace } = object.metadata, references = interpretationOf(object).references?.(object) ?? []
  return [...new Map(references.map((reference) => ({ ...(namespace !== undefined && { namespace }), ...reference })).map((reference) => [stringifyJson(reference), reference])).values()]
}
