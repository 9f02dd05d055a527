/** Where this server and kube-apiserver differ on purpose. A step that is listed here and agrees fails, and so does a rule that nothing needs: the lists stay true. */
import { ACCEPTED as OF_RECORDINGS } from '../../conformance/exceptions.ts'

export interface Rule {
  readonly path: RegExp
  readonly want?: unknown
  readonly got?: unknown
  /** What our answer would be without the reason; absent: `want` and `got` say enough. */
  readonly otherwise?: (got: string) => string
  readonly why: string
}

const PROTOBUF = 'protobuf is not spoken, and so not named among the formats'

/** Differences of any step that are meant. */
export const ACCEPTED: readonly Rule[] = [
  ...OF_RECORDINGS.filter(({ script }) => script === undefined),
  { path: /^body\.message$/, otherwise: (got) => got.replace(/application\/json, application\/yaml$/, '$&, application/vnd.kubernetes.protobuf'), why: PROTOBUF },
  { path: /^body\.message$/, otherwise: (got) => got.replace(/application\/json;stream=watch$/, '$&, application/vnd.kubernetes.protobuf;stream=watch'), why: PROTOBUF },
  { path: /^body\.message$/, otherwise: (got) => got.replace(/(?<=Go struct field \w+\.)metadata\./, ''), why: 'metadata is decoded with its object, as of typed kinds, rather than by itself' },
]

/** Why single steps may differ, and which, by sequence. */
const STEPS: readonly (readonly [why: string, steps: Readonly<Record<string, readonly string[]>>])[] = [
  ['as for typed kinds, a body may leave out what the path says already, and a wrong kind is an error of decoding', {
    'create: a body that is no object': ['null', 'empty object'], 'create: apiVersion and kind of the body': ['kind only', 'apiVersion only', 'lower case kind', 'a list kind', 'empty apiVersion', 'kind null', 'another of the group', 'what there is at last'],
    'update: what must be there': ['without apiVersion', 'another kind'], 'merge patch: shapes': ['kind null'], 'json patch: operations': ['whole document'], 'yaml': ['nothing', 'comment'],
  }],
  ['metadata is decoded with its object, as of typed kinds, rather than by itself', { 'create: metadata of the client': ['metadata text'] }],
  ['fields of all objects can be selected by, as of typed kinds, and those that cannot are told as there', { 'lists through two versions': ['field of nobody', 'by namespace'] }],
  ['metadata that a patch makes wrong is told as that of any body', { 'a label that is no text, by every patch': ['merge', 'json'] }],
  ['2.0 and 2 are one number: the object has not changed', { 'numbers that are equal': ['float for an integer', 'exponent', 'tested', 'what there is at last'] }],
  ['a defect there: it cannot write every text as YAML', { 'text of every kind': ['yaml'] }],
  ['paths and methods are those of typed kinds: the handler of definitions answers in plain text, takes paths that mean nothing, and methods it refuses later', {
    'create: a gadget at the cluster': ['below a namespace', 'no status path', 'no scale path'], 'delete: what is not there': ['status'], 'deletecollection': ['all namespaces'], 'get: queries': ['empty segment', 'three levels'], 'across namespaces': ['post', 'name at the cluster'], 'scale': ['delete'],
    'methods on collections': ['PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PURGE'], 'methods on objects': ['POST', 'HEAD', 'OPTIONS', 'TRACE', 'PURGE'], 'methods on subresources': ['POST status', 'POST scale', 'DELETE status', 'DELETE scale', 'HEAD status', 'HEAD scale', 'OPTIONS status', 'OPTIONS scale', 'unknown', 'put unknown'],
    'paths': ['v9', 'v1/nonsense', 'v1/namespaces/default/nonsense', 'v1/namespaces/default', 'v1/namespaces', 'v1/Widgets', 'v1/widget'].map((path) => `path /apis/conformance·example·com/${path}`), 'discovery of the version': ['posted'],
  }],
  ['as for typed kinds, what is acceptable is decided before the request is handled', { 'accept': ['accept APPLICATION/JSON', 'accept text/plain', 'accept text/html', 'accept nonsense'], 'order of errors: create': ['accept before all'], 'order of errors: update': ['unacceptable'], 'metadata only': ['list of one'] }],
  ['slashes that lead a path are one', { 'paths': ['path //apis/conformance·example·com/v1/widgets'] }],
  ['an escaped slash never divides a path: it could lead past authorization', { 'get: queries': ['escaped slash'] }],
  ['a defect there: through a version that lacks a field in use, it gives up managedFields', { 'managers of two versions': ['patched by the newer', 'same manager, older', 'read'] }],
  ['a defect there: a map that apply empties becomes null, and null is refused', { 'apply: an emptied map': ['emptied', 'what there is at last'] }],
  ['null means nothing in an apply too, as in every other write', { 'apply: a null member': ['changed'] }],
  ['a defect there: a Scale cannot be applied by force against an applier', { 'apply: a scale by force': ['forced', 'what there is at last'] }],
  ['a defect there: a Scale of zero replicas is written without them, and whoever owned them is forgotten', { 'scale': ['status selector', 'what there is at last'] }],
  ['a defect there: it applies nothing of a field selector without a field', { 'fields': ['='] }],
  ['scalars of a patch to a Scale are read where it is written', { 'scale': ['text', 'float', 'strict'] }],
  ['a Scale of another version is told as any object of another version', { 'scale': ['put of the object', 'put of another version', 'put of extensions'] }],
  ['prose of upstream is not repeated', { 'scale': ['as a table'], 'tables of gears': ['table of gadgets', 'table of old gadgets'] }],
  ['built-in kinds may have empty bytes, and schemas are read in one way', { 'formats: empty bytes': ['empty base64', 'what there is at last'] }],
  ['errors of an embedded resource, and of status, are told with those of the schema and the whole path', { 'types of widgets': ['template kind number'], 'status of gears': ['wrong status'] }],
  ['of alternatives that all fail the one of fewest errors is told, there the one of most checks passed', { 'alternatives': ['c too small'] }],
  ['paths of a Scale that lead through what is no object say nothing beside the error of type', { 'merge patch: shapes': ['spec text'], 'status alone': ['as a list'] }],
  ['what an object of another version would lack is not told: it is refused', { 'merge patch: shapes': ['apiVersion'] }],
  ['one text about owners given twice, whoever writes', { 'owner references': ['the same twice'] }],
  ['values in messages are quoted as in JSON', { 'patch: options': ['manager of unprintables'] }],
  ['malformed YAML is told in the words of another parser, which has null keys, and merges without a word', { 'yaml': ['tabs', 'null key', 'merge keys'] }],
  ['resources stand in the order of names', { 'discovery of the version': ['as yaml'] }],
  ['an error in JSON needs no nosniff', { 'impersonation': ['a group alone', 'a uid alone', 'extra alone'] }],
]

/** By sequence and step. */
export const EXCEPTIONS: ReadonlyMap<string, ReadonlyMap<string, string>> = bySequence()

function bySequence(): Map<string, Map<string, string>> {
  const result = new Map<string, Map<string, string>>()
  for (const [why, steps] of STEPS) {
    for (const [sequence, names] of Object.entries(steps)) {
      const known = result.get(sequence) ?? new Map<string, string>()
      for (const name of names) known.set(name, why)
      result.set(sequence, known)
    }
  }
  return result
}
