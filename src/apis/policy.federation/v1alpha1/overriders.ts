import { validateLabels } from '../../../machinery/meta/label-selector.ts'
import { validateAnnotations } from '../../../machinery/meta/object-meta.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import type { ClusterAffinity } from '../../cluster.federation/v1alpha1/cluster-affinity.ts'

/** Changes for some clusters. */
export interface OverrideRule {
  /** The clusters it is for; absent: all. */
  targetCluster?: ClusterAffinity
  /** What is changed. */
  overriders: Overriders
}

/**
 * Changes of the object that a cluster gets, in the order image, command, args, labels, annotations, field, plaintext. Any string in them may hold ${cluster.name}, ${cluster.region}
 * and ${cluster.labels['key']}: where the cluster has no such label or region, its copy is not changed and the reason is told; any other ${…} stays as it is.
 */
export interface Overriders {
  /** Operations on fields, as one JSON patch: all apply or none does. */
  plaintext?: PlaintextOverrider[]
  /** Parts of image names. */
  imageOverrider?: ImageOverrider[]
  /** Commands of containers. */
  commandOverrider?: ContainerOverrider[]
  /** Arguments of containers. */
  argsOverrider?: ContainerOverrider[]
  /** Labels of the object. */
  labelsOverrider?: LabelAnnotationOverrider[]
  /** Annotations of the object. */
  annotationsOverrider?: LabelAnnotationOverrider[]
  /** JSON or YAML that is held by a string of the object, such as a file in a ConfigMap. */
  fieldOverrider?: FieldOverrider[]
}

export interface PlaintextOverrider {
  /** The field, as a JSON pointer: /spec/replicas. Identity (name, namespace, kind, apiVersion, the whole of metadata) cannot be changed. */
  path: string
  /** What happens to it. replace and remove need that it is there. */
  operator: 'add' | 'remove' | 'replace'
  /** Its value, of any type; absent or null: null. Not with remove.
   * @extension {"x-kubernetes-preserve-unknown-fields": true} */
  value?: unknown
}

export interface ImageOverrider {
  /** Where the image is named; absent: all containers and init containers of Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob, ReplicationController and PodTemplate. */
  predicate?: ImagePredicate
  /** The part: registry.example/Repository:Tag. Tag is the digest, too. */
  component: 'Registry' | 'Repository' | 'Tag'
  /** add appends to the part; replace sets it; remove takes it away. */
  operator: 'add' | 'remove' | 'replace'
  /** What is appended, or the new part. */
  value?: string
}

export interface ImagePredicate {
  /** JSON pointer to the string that names the image. */
  path: string
}

export interface ContainerOverrider {
  /** Name of the container or init container.
   * @minLength 1 */
  containerName: string
  /** add appends the values; remove takes away every item that equals one of them. */
  operator: 'add' | 'remove'
  /** The values. */
  value?: string[]
}

export interface LabelAnnotationOverrider {
  /** add sets; replace sets where the key is there; remove takes the key away. */
  operator: 'add' | 'remove' | 'replace'
  /** By key; with remove only the keys count. */
  value?: Record<string, string>
}

export interface FieldOverrider {
  /** JSON pointer to the string. */
  fieldPath: string
  /** Operations where it holds JSON. Exactly one of json and yaml is given. */
  json?: FieldOperation[]
  /** Operations where it holds YAML. It is written anew: keys sorted, comments gone. */
  yaml?: FieldOperation[]
}

export interface FieldOperation {
  /** The place inside the JSON or YAML, as a JSON pointer. */
  subPath: string
  /** What happens to it. */
  operator: 'add' | 'remove' | 'replace'
  /** Its value, of any type: needed by add and replace, not with remove.
   * @extension {"x-kubernetes-preserve-unknown-fields": true} */
  value?: unknown
}

/** What strings of overriders may hold; a label's key is captured. */
export const CLUSTER_VARIABLE = /\$\{cluster\.(?:(name|region)|labels\['([^']*)'\])\}/g

/** As values might look in a cluster: what names and labels of clusters hold may stand in a label. */
const filledIn = (labels: Record<string, string>) => Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, value.replaceAll(CLUSTER_VARIABLE, 'x')]))

/** Whether a JSON pointer leads to what makes an object this object: apiVersion, kind, and all of metadata but labels and annotations. */
export const isIdentity = (pointer: string): boolean => /^(?:$|\/(?:apiVersion|kind|metadata)$|\/metadata\/(?!(?:labels|annotations)(?:\/|$)))/.test(pointer)
export const IDENTITY_STAYS = 'identity and ownership of an object cannot be overridden; of metadata only labels and annotations can'

/** Whether any overrider is given. */
export const isEmpty = (overriders: Overriders): boolean => Object.values(overriders as Record<string, unknown[] | undefined>).every((list) => !list?.length)

/** Rules between fields, and the syntax of paths, labels and annotations. Whether paths fit a kind is asked apart (`federation/override/check-overriders.ts`). */
export const validateOverriders = ({ plaintext = [], imageOverrider = [], labelsOverrider = [], annotationsOverrider = [], fieldOverrider = [] }: Overriders, path: string): FieldError[] => [
  ...plaintext.flatMap(({ path: pointer, operator, value }, index) => [
    ...validatePointer(pointer, `${path}.plaintext[${index}].path`),
    ...(isIdentity(pointer) ? [fieldError.forbidden(`${path}.plaintext[${index}].path`, IDENTITY_STAYS)] : []),
    ...(operator === 'remove' && value !== undefined ? [fieldError.invalid(`${path}.plaintext[${index}].value`, value, 'may not be set with operator remove')] : []),
  ]),
  ...imageOverrider.flatMap(({ predicate }, index) => (predicate ? validatePointer(predicate.path, `${path}.imageOverrider[${index}].predicate.path`) : [])),
  ...labelsOverrider.flatMap(({ value = {} }, index) => validateLabels(filledIn(value), `${path}.labelsOverrider[${index}].value`)),
  ...annotationsOverrider.flatMap(({ value = {} }, index) => validateAnnotations(value, `${path}.annotationsOverrider[${index}].value`)),
  ...fieldOverrider.flatMap((overrider, index) => validateFieldOverrider(overrider, `${path}.fieldOverrider[${index}]`)),
]

function validateFieldOverrider({ fieldPath, json, yaml }: FieldOverrider, path: string): FieldError[] {
  const given = [json, yaml].filter((operations) => operations?.length).length
  return [
    ...validatePointer(fieldPath, `${path}.fieldPath`),
    ...(given === 0 ? [fieldError.required(path, 'either json or yaml must be given')] : []),
    ...(given === 2 ? [fieldError.invalid(path, fieldPath, 'json and yaml may not both be given')] : []),
    ...validateOperations(json ?? [], `${path}.json`),
    ...validateOperations(yaml ?? [], `${path}.yaml`),
  ]
}

const validateOperations = (operations: readonly FieldOperation[], path: string): FieldError[] =>
  operations.flatMap(({ subPath, operator, value = null }, index) => [
    ...validatePointer(subPath, `${path}[${index}].subPath`),
    ...(operator !== 'remove' && value === null ? [fieldError.invalid(`${path}[${index}].value`, null, `must be set with operator ${operator}`)] : []),
    ...(operator === 'remove' && value !== null ? [fieldError.invalid(`${path}[${index}].value`, value, 'may not be set with operator remove')] : []),
  ])

/** RFC 6901; empty is the whole document. */
function validatePointer(pointer: string, path: string): FieldError[] {
  if (pointer !== '' && !pointer.startsWith('/')) return [fieldError.invalid(path, pointer, 'must be a JSON pointer that begins with a slash, e.g. /spec/replicas')]
  return /~(?![01])/.test(pointer) ? [fieldError.invalid(path, pointer, 'in a JSON pointer ~ is written ~0, and / inside a key ~1')] : []
}
