/** Why a step may differ from the recording. A step that is listed here and agrees fails the test: the lists stay true. */

/** What a script says itself that it needs, and this server is not: steps with such needs are sent, and not compared. */
export const UNMET_NEEDS: Readonly<Record<string, string>> = {
  'crd-handler': 'oddities of the handler of CustomResourceDefinitions, in which servers built on the same library differ',
  protobuf: 'protobuf is not spoken',
  aggregator: 'documents that kube-apiserver merges',
}

/** Differences of any step, or of any of one script, that are meant. `want`, `got`: only where they are these. */
export const ACCEPTED: readonly { readonly script?: string; readonly path: RegExp; readonly want?: unknown; readonly got?: unknown; readonly why: string }[] = [
  { script: 'sample-rest', path: /^body\.metadata\.generation$/, want: '<absent>', why: 'every kind from a definition has a generation' },
  { script: 'typed-decoding', path: /^body\.metadata\.generation$/, want: '<absent>', why: 'every stored kind has a generation' },
  { script: 'sample-rest', path: /^body\.metadata\.managedFields(?:\[\d+\]\.fieldsV1\.f:(?:spec\.\.|status))?$/, want: '<absent>', why: 'structs of Go are there before anybody writes them, and so are nobody\'s' },
  { path: /(?:^|\.)metadata\.continue$/, want: '', got: '<absent>', why: 'lists are those of typed kinds, which leave an empty token out' },
  { path: /columnDefinitions\[0\]\.description$/, got: '', why: 'prose of upstream about names is not repeated' },
]

/** Paths of answers that no step is compared by, until the feature is there. */
export const PENDING_PATHS: readonly { readonly path: RegExp; readonly feature: string }[] = [
]

const PROTOBUF = 'protobuf is not spoken, and so not named among the formats', ODD_HANDLER = 'an oddity of the handler of CustomResourceDefinitions', ORDER = 'members stand in the order of typed kinds: kind before apiVersion'
const INTERNAL = 'there is no internal version to name', NO_SCHEME = 'there is no scheme of all kinds in which a body\'s could be looked up', BY_SCHEMA = 'what a body may hold is said by the schema, with every mistake and its path, as for custom resources; Go\'s decoder stops at the first'
const BY_CODE = 'simulated members refuse nothing that the schema allows: what Deployments may be is said by code of kube-apiserver'
/** Versions and uids are numbered by appearance. */
const NUMBERING = 'an earlier step, excepted itself, made an object here'

/** By script and step: why they may differ. */
export const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'apply-basic': { 'broken YAML': 'malformed YAML is told in the words of another parser' },
  'create-basic': { 'another version in the body': ODD_HANDLER, 'namespace in the body equals the path': NUMBERING },
  'create-bodies': { 'text/plain': PROTOBUF, 'a patch type on POST': PROTOBUF },
  'defaulting-pruning': { 'numbers: a scale path of 1e1 is a float to the scale accessor': '1e1 is the integer 10 for every reader of this server', 'unknown fields are pruned at all levels': NUMBERING, 'stored as answered': NUMBERING, 'numbers: 1.0 and 2e1 are integers': NUMBERING },
  'discovery': { 'v2beta1 alone': PROTOBUF },
  'get-representations': { 'an unknown transform alone': PROTOBUF, 'pretty=1': ORDER, 'Accept pretty parameter': ORDER, 'compact JSON escapes < > & and ends in a newline': ORDER },
  'methods': { 'built-in: an unknown method': 'an unknown method is no HTTP to the parser' },
  'openapi-and-health': { 'the group\'s document: paths': 'the document of a typed group describes its discovery path too', 'operations of a name path': 'descriptions are our own prose', 'the kind\'s own schema, without defaults lost': 'descriptions are our own prose', 'a stale hash redirects': 'no redirects anywhere: the aggregator turns them into errors' },
  'sample-rest': {
    'another kind': INTERNAL, 'another version that exists': 'that server decodes a body in the version that it names and warns of what is unknown in it, before it refuses the version; here the version is refused first', 'a referenceType that conversion does not know is lost': 'a conversion of that server',
    'text/html': PROTOBUF, 'application/*': 'an oddity of that server: JSON is an application type', 'Table with the default columns': 'definitions have a column Age by default',
  },
  'scale-subresource': { 'POST on /scale': ODD_HANDLER },
  'status-subresource': { 'POST to /status': ODD_HANDLER, 'DELETE of /status': ODD_HANDLER },
  'strategic-merge-patch': { 'Recreate with rollingUpdate left over': BY_CODE, 'an unknown field, Warn': `one generation more: ${BY_CODE}` },
  'typed-decoding': {
    'another kind': INTERNAL, 'an unknown kind': NO_SCHEME, 'another version': NO_SCHEME, 'another group\'s kind': NO_SCHEME, 'PartialObjectMetadataList of one object': INTERNAL,
    'a wrong type of a leaf': BY_SCHEMA, 'a wrong type of a map': BY_SCHEMA, 'base64 that is none': BY_SCHEMA, 'null for a string': 'null is absent, not the empty text that Go makes of it',
    'Accept text/html': PROTOBUF, 'an unknown transform alone': PROTOBUF, 'watch as YAML': PROTOBUF, 'Accept application/*': 'JSON is an application type; kube-apiserver\'s router has no such ranges',
  },
  'watch-errors': { 'YAML cannot be streamed': PROTOBUF },
  'watch-representations': { 'over WebSocket without Origin': 'the refusal passes the same filters as every answer, and Cache-Control is set by one of them' },
}

/** By feature that is missing: scripts, and their steps. */
export const PENDING: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {}
