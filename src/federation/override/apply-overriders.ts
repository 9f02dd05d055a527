import type { ContainerOverrider, FieldOverrider, ImageOverrider, LabelAnnotationOverrider, Overriders } from '../../apis/policy.federation/v1alpha1/overriders.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { parseJson, stringifyJson } from '../../machinery/meta/json.ts'
import { isJsonObject, setMember } from '../../machinery/meta/json-value.ts'
import { parseYaml, stringifyYaml } from '../../machinery/server/yaml.ts'
import { applyOperation, pointerTokens, valueAt } from './apply-operation.ts'
import { formatImageName, type ImageName, parseImageName, withTag } from './image-name.ts'
import { patchFailed } from './override-failure.ts'
import { containersOf } from './pod-spec.ts'

/** Changes the object in place, in Karmada's order of overriders. Throws OverrideFailure PatchFailed at the first that does not apply; the object is then half changed. */
export function applyOverriders(object: KubeObject, overriders: Overriders): void {
  const { imageOverrider = [], commandOverrider = [], argsOverrider = [], labelsOverrider = [], annotationsOverrider = [], fieldOverrider = [], plaintext = [] } = overriders
  for (const overrider of imageOverrider) overrideImages(object, overrider)
  for (const overrider of commandOverrider) overrideWords(object, 'command', overrider)
  for (const overrider of argsOverrider) overrideWords(object, 'args', overrider)
  for (const overrider of labelsOverrider) overrideKeys(object, 'labels', overrider)
  for (const overrider of annotationsOverrider) overrideKeys(object, 'annotations', overrider)
  for (const overrider of fieldOverrider) overrideField(object, overrider)
  for (const operation of plaintext) applyOperation(object, operation)
}

function overrideImages(object: KubeObject, overrider: ImageOverrider): void {
  if (overrider.predicate) return replaceText(object, overrider.predicate.path, (text) => overrideImage(text, overrider))
  for (const container of containersOf(object)) if (typeof container['image'] === 'string') container['image'] = overrideImage(container['image'], overrider)
}

function overrideImage(text: string, { component, operator, value = '' }: ImageOverrider): string {
  const image = parseImageName(text), part = (current: string) => (operator === 'remove' ? '' : operator === 'add' ? current + value : value)
  return formatImageName(IMAGE_PARTS[component](image, part))
}

const IMAGE_PARTS: Readonly<Record<ImageOverrider['component'], (image: ImageName, part: (current: string) => string) => ImageName>> = {
  Registry: (image, part) => ({ ...image, registry: part(image.registry) }),
  Repository: (image, part) => ({ ...image, repository: part(image.repository) }),
  Tag: (image, part) => {
    const tag = part(image.tag || image.digest)
    return tag === '' ? { ...image, tag: '', digest: '' } : withTag(image, tag)
  },
}

function overrideWords(object: KubeObject, field: 'command' | 'args', { containerName, operator, value = [] }: ContainerOverrider): void {
  for (const container of containersOf(object)) {
    if (container['name'] !== containerName) continue
    const words = Array.isArray(container[field]) ? (container[field] as unknown[]) : []
    if (operator === 'add') container[field] = [...words, ...value]
    else if (operator === 'remove' && words.length > 0) container[field] = words.filter((word) => !value.includes(word as string))
  }
}

function overrideKeys({ metadata }: KubeObject, field: 'labels' | 'annotations', { operator, value = {} }: LabelAnnotationOverrider): void {
  if (metadata[field] !== undefined && !isJsonObject(metadata[field])) throw patchFailed(`metadata.${field} must hold texts by key`)
  const keys = { ...metadata[field] }
  for (const [key, text] of Object.entries(value)) {
    if (operator === 'remove') delete keys[key]
    else if (operator === 'add' || Object.hasOwn(keys, key)) setMember(keys, key, text)
  }
  if (metadata[field] || Object.keys(keys).length > 0) metadata[field] = keys
}

function overrideField(object: KubeObject, { fieldPath, json, yaml }: FieldOverrider): void {
  const edit = (operations: FieldOverrider['json'] = [], parse: (text: string) => unknown, print: (value: unknown) => string, format: string) =>
    replaceText(object, fieldPath, (text) => print(operations.reduce((value, { subPath, ...operation }) => applyOperation(value, { ...operation, path: subPath }), parsed(text, parse, `${fieldPath} holds no ${format}`))))
  if (json?.length) edit(json, parseJson, stringifyJson, 'JSON')
  if (yaml?.length) edit(yaml, parseYaml, stringifyYaml, 'YAML')
}

/** Scalars have no places to change, so they count as text that is neither. */
function parsed(text: string, parse: (text: string) => unknown, message: string): unknown {
  let value: unknown
  try { value = parse(text) } catch (error) { throw patchFailed(`${message}: ${(error as Error).message}`) }
  if (!isJsonObject(value) && !Array.isArray(value)) throw patchFailed(message)
  return value
}

/** A string somewhere in the object. */
function replaceText(object: KubeObject, path: string, change: (text: string) => string): void {
  const text = valueAt(object, pointerTokens(path))
  if (typeof text !== 'string') throw patchFailed(`${path || 'the object'} is no string`)
  applyOperation(object, { operator: 'replace', path, value: change(text) })
}
