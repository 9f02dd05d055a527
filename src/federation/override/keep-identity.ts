import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { patchFailed } from './override-failure.ts'

/** Labels and annotations with this prefix are ours. */
const OUR_PREFIX = 'cluster.federation/'

/**
 * The rendered object as the one that it was made from: apiVersion, kind and all of metadata are the template's, whatever overrides did to them; only labels and annotations are
 * theirs to change, and of these not our own. Throws OverrideFailure PatchFailed where labels or annotations are no texts by key any more.
 */
export function keepIdentity(rendered: KubeObject, template: KubeObject): KubeObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata: changed, ...body } = rendered, { labels: _labels, annotations: _annotations, ...metadata } = template.metadata
  const labels = ourKept(changed, template, 'labels'), annotations = ourKept(changed, template, 'annotations')
  return {
    ...(template.apiVersion !== undefined && { apiVersion: template.apiVersion }), ...(template.kind !== undefined && { kind: template.kind }),
    metadata: { ...metadata, ...(labels && { labels }), ...(annotations && { annotations }) }, ...body,
  }
}

function ourKept(changed: unknown, { metadata }: KubeObject, field: 'labels' | 'annotations'): Record<string, string> | undefined {
  const theirs = isJsonObject(changed) ? changed[field] : undefined, isOurs = ([key]: [string, unknown]) => key.startsWith(OUR_PREFIX)
  if (theirs !== undefined && (!isJsonObject(theirs) || Object.values(theirs).some((value) => typeof value !== 'string'))) throw patchFailed(`metadata.${field} must hold texts by key`)
  const ours = Object.entries(metadata[field] ?? {}).filter(isOurs)
  if (theirs === undefined && ours.length === 0) return undefined
  return Object.fromEntries([...Object.entries((theirs ?? {}) as Record<string, string>).filter((entry) => !isOurs(entry)), ...ours])
}
