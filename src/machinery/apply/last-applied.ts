import type { KubeObject } from '../meta/core.ts'
import { isJsonObject } from '../meta/json-value.ts'
import { parseJson } from '../meta/json.ts'
import type { Type } from './apply-schema.ts'
import { canonicalJson } from './go-text.ts'
import { PathSet } from './path-set.ts'
import { TypedValue } from './typed-value.ts'
import { TypingError } from './typing-error.ts'

/** What kubectl's client-side apply remembers in the object. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
/** The manager of kubectl's server-side apply, which takes over from client-side apply; any other manager has to resolve the conflicts. */
export const KUBECTL = 'kubectl'
/** All annotations of an object together, names and values (apimachinery/pkg/api/validation/objectmeta.go). */
const MAX_ANNOTATIONS_BYTES = 256 * 1024

/** Fields that client-side apply set and nobody has changed since: taking them is no conflict for kubectl. Empty where the annotation is absent, cannot be read, or is of another version. */
export function unchangedSinceLastApplied(live: KubeObject, apiVersion: string, type: Type): PathSet {
  const config = parsedAnnotation(live)
  if (config?.['apiVersion'] !== apiVersion) return PathSet.empty
  try {
    const applied = TypedValue.validated(type, config), { added, removed, modified } = applied.compare(TypedValue.validated(type, live))
    return applied.paths().difference(modified).difference(added).difference(removed)
  } catch (error) {
    // The annotation is text that anyone can write: what does not fit helps nobody.
    if (error instanceof TypingError) return PathSet.empty
    throw error
  }
}

/** Keeps the annotation in step with what was applied, if the object has one, so that client-side apply can go on from there. The annotation goes where it would no longer fit. */
export function withLastApplied(object: KubeObject, config: KubeObject): KubeObject {
  const annotations = object.metadata.annotations
  if (!annotations?.[LAST_APPLIED]) return object
  const { [LAST_APPLIED]: _old, ...others } = annotations, next = { ...others, [LAST_APPLIED]: describe(config) }
  const bytes = Object.entries(next).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
  return { ...object, metadata: { ...object.metadata, annotations: bytes > MAX_ANNOTATIONS_BYTES ? others : next } }
}

function describe(config: KubeObject): string {
  const annotations = (config.metadata as KubeObject['metadata'] | undefined)?.annotations
  if (!annotations) return `${canonicalJson(config)}\n`
  const { [LAST_APPLIED]: _old, ...others } = annotations
  return `${canonicalJson({ ...config, metadata: { ...config.metadata, annotations: others } })}\n`
}

function parsedAnnotation(live: KubeObject): Record<string, unknown> | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED]
  if (!text) return undefined
  try {
    const config = parseJson(text)
    return isJsonObject(config) ? config : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
