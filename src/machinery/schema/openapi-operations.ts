import type { Kind } from '../meta/core.ts'
import { patchTypes as typesOf } from '../meta/patch-types.ts'

/** What a document says about one resource. */
export interface DocumentedResource {
  readonly kind: Pick<Kind, 'group' | 'version' | 'kind' | 'listKind' | 'plural' | 'namespaced' | 'strategicMerge'>
  /** As discovery lists them: create, delete, deletecollection, get, list, patch, update, watch. */
  readonly verbs: readonly string[]
  /** True: has the subresource `status` (get, and patch and update where the resource has them). */
  readonly status: boolean
  /** True: has the subresource `scale` of autoscaling/v1. */
  readonly scale?: boolean
  /** Name of its definition. Absent: the one that says it is of this group, version and kind; where there is none, any fields are allowed. */
  readonly schema?: string
  /** Connecting subresources by name, with their verbs as discovery lists them. */
  readonly connect?: Readonly<Record<string, { readonly verbs: readonly string[]; readonly responseKind: GroupVersionKind }>>
}

export interface GroupVersionKind { readonly group: string; readonly version: string; readonly kind: string }

/** What the server can do; clients read it off the documents (kubectl: `--dry-run=server`, `--validate`, the patch it sends). */
export interface Capabilities {
  /** Media types of PATCH. Default: those of the kind. */
  readonly patchTypes?: readonly string[]
  /** Default: true. */
  readonly dryRun?: boolean
  /** Default: true. Without it kubectl checks objects itself, by a version 2 document that it wants as protobuf. */
  readonly fieldValidation?: boolean
}

export interface Parameter { readonly name: string; readonly in: 'path' | 'query'; readonly type: 'string' | 'integer' | 'boolean'; readonly description: string }

/** One method of one path, before it is written in either version of OpenAPI. */
export interface Operation {
  readonly path: string
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch'
  /** Absent: not about a resource. */
  readonly action?: string
  readonly id: string
  readonly description: string
  readonly kind?: GroupVersionKind
  readonly parameters: readonly Parameter[]
  /** Of the whole path. */
  readonly pathParameters: readonly Parameter[]
  readonly body?: { readonly definition: string; readonly required: boolean; readonly types: readonly string[] }
  /** Status codes that carry `result`; without one they carry plain text. */
  readonly codes: readonly string[]
  readonly result?: string
  readonly produces: readonly string[]
}

/** Names of the definitions that the operations of one resource use. */
interface Names { readonly object: string; readonly list: string }

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const PRODUCES = ['application/json', 'application/yaml'], STREAMS = ['application/json;stream=watch']

const query = (name: string, description: string, type: Parameter['type'] = 'string'): Parameter => ({ name, in: 'query', type, description })
const PRETTY = query('pretty', 'true: indented output.')
const NAMESPACE: Parameter = { name: 'namespace', in: 'path', type: 'string', description: 'Namespace of the object.' }
const PATH: Parameter = { name: 'path', in: 'path', type: 'string', description: 'The rest of the path, passed on.' }
const SELECTION = [
  query('continue', 'Token of the part before: continues its list.'), query('fieldSelector', 'Only objects whose fields have these values.'), query('labelSelector', 'Only objects whose labels match.'),
  query('limit', 'At most so many objects; the answer says how to continue.', 'integer'), query('resourceVersion', 'State to read: exact, or not older, as resourceVersionMatch says.'), query('resourceVersionMatch', 'Exact or NotOlderThan.'),
  query('sendInitialEvents', 'A watch begins with the present objects and marks their end.', 'boolean'), query('timeoutSeconds', 'Ends the request after so many seconds.', 'integer'),
]
const WATCHING = [query('allowWatchBookmarks', 'A watch tells from time to time how far it is.', 'boolean'), query('watch', 'Streams changes instead of answering a list.', 'boolean')]
const DRY_RUN = query('dryRun', 'All: everything is checked, nothing is written.')
const FIELD_MANAGER = query('fieldManager', 'Name of the client in managedFields.')
const FIELD_VALIDATION = query('fieldValidation', 'What to do with unknown and repeated fields: Ignore, Warn or Strict.')
const DELETION = [
  query('gracePeriodSeconds', 'Seconds the object has to end in order.', 'integer'), query('orphanDependents', 'Superseded by propagationPolicy.', 'boolean'), query('propagationPolicy', 'What happens to dependents: Foreground, Background or Orphan.'),
]

/** The definition of a Scale. */
export const SCALE = 'io.k8s.api.autoscaling.v1.Scale'
const SCALE_KIND: GroupVersionKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

/** The root of a group version: `/apis/apps/v1`, `/api/v1`. */
const groupVersionRoot = ({ group, version }: { readonly group: string; readonly version: string }): string => (group ? `/apis/${group}/${version}` : `/api/${version}`)

/** `clusterFederation_v1alpha1`; the suffix `.k8s.io` goes, the core group is called so. */
export const tagOf = ({ group, version }: { readonly group: string; readonly version: string }): string => `${camel(group)}_${version}`
const camel = (group: string) => (group.replace(/\.k8s\.io$/, '') || 'core').split('.').map((part, index) => (index ? capital(part) : part)).join('')
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** Discovery of the group version. */
export const discoveryOperation = (of: { readonly group: string; readonly version: string }): Operation => ({
  path: `${groupVersionRoot(of)}/`, method: 'get', id: `get${capital(camel(of.group))}${capital(of.version)}APIResources`, description: 'Lists the resources of this group version.',
  parameters: [], pathParameters: [], codes: ['200'], result: `${META}APIResourceList`, produces: PRODUCES,
})

/** Path templates must say `{namespace}` and `{name}`: kubectl explain looks for exactly these. */
export function resourceOperations(resource: DocumentedResource, names: Names, capabilities: Capabilities): Operation[] {
  const { kind, verbs, status } = resource, { plural, namespaced } = kind, root = groupVersionRoot(kind)
  const collection = `${root}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}`, scope = { namespaced, suffix: '' }
  const everywhere = namespaced && verbs.includes('list') ? [write('list', `${root}/${plural}`, resource, names, capabilities, { namespaced: false, suffix: 'ForAllNamespaces' })] : []
  const onCollection = ['list', 'create', 'deletecollection'].filter((verb) => verbs.includes(verb)).map((verb) => write(verb, collection, resource, names, capabilities, scope))
  const onObject = ['get', 'update', 'patch', 'delete'].filter((verb) => verbs.includes(verb)).map((verb) => write(verb, `${collection}/{name}`, resource, names, capabilities, scope))
  const onStatus = status ? ['get', 'update', 'patch'].filter((verb) => verbs.includes(verb)).map((verb) => write(verb, `${collection}/{name}/status`, resource, names, capabilities, { namespaced, suffix: 'Status' })) : []
  const ofScale = { ...names, object: SCALE }
  const onScale = resource.scale ? ['get', 'update', 'patch'].filter((verb) => verbs.includes(verb)).map((verb) => ({ ...write(verb, `${collection}/{name}/scale`, resource, ofScale, capabilities, { namespaced, suffix: 'Scale' }), kind: SCALE_KIND })) : []
  return [...everywhere, ...onCollection, ...onObject, ...onStatus, ...onScale, ...connectOperations(resource, collection)]
}

const ACTIONS: Readonly<Record<string, { method: Operation['method']; action: string; word: string; text: (kind: string) => string }>> = {
  list: { method: 'get', action: 'list', word: 'list', text: (kind) => `Lists or watches objects of kind ${kind}.` },
  create: { method: 'post', action: 'post', word: 'create', text: (kind) => `Creates an object of kind ${kind}.` },
  deletecollection: { method: 'delete', action: 'deletecollection', word: 'delete', text: (kind) => `Deletes objects of kind ${kind}.` },
  get: { method: 'get', action: 'get', word: 'read', text: (kind) => `Reads an object of kind ${kind}.` },
  update: { method: 'put', action: 'put', word: 'replace', text: (kind) => `Replaces an object of kind ${kind}.` },
  patch: { method: 'patch', action: 'patch', word: 'patch', text: (kind) => `Changes parts of an object of kind ${kind}.` },
  delete: { method: 'delete', action: 'delete', word: 'delete', text: (kind) => `Deletes an object of kind ${kind}.` },
}

function write(verb: string, path: string, { kind: { group, version, kind, namespaced, strategicMerge = false }, verbs }: DocumentedResource, names: Names, capabilities: Capabilities, scope: { namespaced: boolean; suffix: string }): Operation {
  const { method, action, word, text } = ACTIONS[verb]!, { patchTypes = typesOf({ strategicMerge }), dryRun = true, fieldValidation = true } = capabilities
  const id = `${word}${capital(camel(group))}${capital(version)}${verb === 'deletecollection' ? 'Collection' : ''}${scope.namespaced ? 'Namespaced' : ''}${kind}${scope.suffix}`
  const writing = [...(dryRun ? [DRY_RUN] : []), FIELD_MANAGER, ...(fieldValidation ? [FIELD_VALIDATION] : [])], deleting = [...(dryRun ? [DRY_RUN] : []), ...DELETION], canWatch = verb === 'list' && verbs.includes('watch')
  const details: Readonly<Record<string, Pick<Operation, 'parameters' | 'body' | 'codes' | 'result'>>> = {
    list: { parameters: canWatch ? [...SELECTION, ...WATCHING] : SELECTION, codes: ['200'], result: names.list },
    create: { parameters: writing, body: { definition: names.object, required: true, types: ['*/*'] }, codes: ['200', '201', '202'], result: names.object },
    deletecollection: { parameters: [...SELECTION, ...deleting], body: { definition: `${META}DeleteOptions`, required: false, types: ['*/*'] }, codes: ['200'], result: `${META}Status` },
    get: { parameters: [], codes: ['200'], result: names.object },
    update: { parameters: writing, body: { definition: names.object, required: true, types: ['*/*'] }, codes: ['200', '201'], result: names.object },
    patch: { parameters: [...writing, ...(patchTypes.some((type) => type.includes('apply-patch')) ? [query('force', 'Takes fields over from other managers.', 'boolean')] : [])], body: { definition: `${META}Patch`, required: true, types: patchTypes }, codes: ['200', '201'], result: names.object },
    delete: { parameters: deleting, body: { definition: `${META}DeleteOptions`, required: false, types: ['*/*'] }, codes: ['200', '202'], result: `${META}Status` },
  }
  return {
    path, method, action, id, description: text(kind), kind: { group, version, kind }, ...details[verb]!, produces: canWatch ? [...PRODUCES, ...STREAMS] : PRODUCES,
    pathParameters: [...(path.includes('{name}') ? [nameOf(kind)] : []), ...(namespaced && path.includes('{namespace}') ? [NAMESPACE] : []), PRETTY],
  }
}

const nameOf = (kind: string): Parameter => ({ name: 'name', in: 'path', type: 'string', description: `Name of the ${kind}.` })
const METHODS: Readonly<Record<string, Operation['method']>> = { get: 'get', create: 'post', update: 'put', patch: 'patch', delete: 'delete' }

/** `…/{name}/proxy` and `…/{name}/proxy/{path}`. What is behind them speaks for itself. */
function connectOperations({ kind: { group, version, kind, namespaced }, connect = {} }: DocumentedResource, collection: string): Operation[] {
  return Object.entries(connect).flatMap(([subresource, { verbs, responseKind }]) => ['', '/{path}'].flatMap((rest) => verbs.filter((verb) => METHODS[verb]).map((verb): Operation => ({
    path: `${collection}/{name}/${subresource}${rest}`, method: METHODS[verb]!, action: 'connect', id: `connect${capital(METHODS[verb]!)}${capital(camel(group))}${capital(version)}${namespaced ? 'Namespaced' : ''}${kind}${capital(subresource)}${rest && 'WithPath'}`,
    description: `Connects to the ${subresource} of a ${kind}.`, kind: responseKind, parameters: [], pathParameters: [nameOf(kind), ...(namespaced ? [NAMESPACE] : []), ...(rest ? [PATH] : [])], codes: ['200'], produces: ['*/*'],
  }))))
}
