/** Why a step may differ from the recording. A step that is listed here and agrees fails the test: the lists stay true. */

/** What a script says itself that it needs, and this server is not: steps with such needs are sent, and not compared. */
export const UNMET_NEEDS: Readonly<Record<string, string>> = {
  'crd-handler': 'oddities of the handler of CustomResourceDefinitions, in which servers built on the same library differ',
  'built-in': 'kinds of kube-apiserver itself',
  protobuf: 'protobuf is not spoken',
  aggregator: 'documents that kube-apiserver merges',
}

/** Differences of any step, or of any of one script, that are meant. `want`, `got`: only where they are these. */
export const ACCEPTED: readonly { readonly script?: string; readonly path: RegExp; readonly want?: unknown; readonly got?: unknown; readonly why: string }[] = [
  { script: 'sample-rest', path: /^body\.metadata\.generation$/, want: '<absent>', why: 'every kind from a definition has a generation' },
  { script: 'sample-rest', path: /^body\.metadata\.managedFields(?:\[\d+\]\.fieldsV1\.f:(?:spec\.\.|status))?$/, want: '<absent>', why: 'structs of Go are there before anybody writes them, and so are nobody\'s' },
  { path: /(?:^|\.)metadata\.continue$/, want: '', got: '<absent>', why: 'lists are those of typed kinds, which leave an empty token out' },
  { path: /^body\.items\[\d+\]\.(?:apiVersion|kind)$/, got: '<absent>', why: 'lists are those of typed kinds, whose items leave out what the list says already' },
  { path: /columnDefinitions\[0\]\.description$/, got: '', why: 'prose of upstream about names is not repeated' },
]

/** Paths of answers that no step is compared by, until the feature is there. */
export const PENDING_PATHS: readonly { readonly path: RegExp; readonly feature: string }[] = [
]

const PROTOBUF = 'protobuf is not spoken, and so not named among the formats', ODD_HANDLER = 'an oddity of the handler of CustomResourceDefinitions', ORDER = 'members stand in the order of typed kinds: kind before apiVersion'
const INTERNAL = 'there is no internal version to name'
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
  'openapi-and-health': { 'the group\'s document: paths': 'the document of a typed group describes its discovery path too', 'operations of a name path': 'descriptions are our own prose', 'the kind\'s own schema, without defaults lost': 'descriptions are our own prose', 'a stale hash redirects': 'no redirects anywhere: the aggregator turns them into errors' },
  'sample-rest': {
    'another kind': INTERNAL, 'a referenceType that conversion does not know is lost': 'a conversion of that server',
    'an unknown patch type': 'that server refuses it before it knows the kind', 'text/html': PROTOBUF, 'application/*': 'an oddity of that server: JSON is an application type', 'Table with the default columns': 'definitions have a column Age by default',
  },
  'scale-subresource': { 'POST on /scale': ODD_HANDLER },
  'status-subresource': { 'POST to /status': ODD_HANDLER, 'DELETE of /status': ODD_HANDLER },
  'watch-errors': { 'YAML cannot be streamed': PROTOBUF },
  'watch-representations': { 'over WebSocket without Origin': 'the refusal passes the same filters as every answer, and Cache-Control is set by one of them' },
}

/** By feature that is missing: scripts, and their steps. */
export const PENDING: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'strategic merge patch': { 'sample-rest': ['strategic merge patch works on typed kinds', 'apply', 'deletecollection'] },
  'warnings of refused writes': { 'sample-rest': ['another version that exists'] },
}
