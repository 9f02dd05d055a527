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
  { path: /(?:^|\.)metadata\.continue$/, want: '', got: '<absent>', why: 'lists are those of typed kinds, which leave an empty token out' },
  { path: /^body\.items\[\d+\]\.(?:apiVersion|kind)$/, got: '<absent>', why: 'lists are those of typed kinds, whose items leave out what the list says already' },
  { path: /columnDefinitions\[0\]\.description$/, got: '', why: 'prose of upstream about names is not repeated' },
]

/** Paths of answers that no step is compared by, until the feature is there. */
export const PENDING_PATHS: readonly { readonly path: RegExp; readonly feature: string }[] = [
  { path: /(?:^|\.)managedFields(?:$|[.[])/, feature: 'managedFields' },
]

const PROTOBUF = 'protobuf is not spoken, and so not named among the formats', ODD_HANDLER = 'an oddity of the handler of CustomResourceDefinitions', ORDER = 'members stand in the order of typed kinds: kind before apiVersion'
const INTERNAL = 'there is no internal version to name'
/** Versions and uids are numbered by appearance. */
const NUMBERING = 'an earlier step, excepted itself, made an object here'

/** By script and step: why they may differ. */
export const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
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
  'status-subresource': { 'POST to /status': ODD_HANDLER, 'DELETE of /status': ODD_HANDLER },
  'watch-errors': { 'YAML cannot be streamed': PROTOBUF },
  'watch-representations': { 'over WebSocket without Origin': 'the refusal passes the same filters as every answer, and Cache-Control is set by one of them' },
}

/** By feature that is missing: scripts, and their steps. */
export const PENDING: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'strategic merge patch': { 'sample-rest': ['strategic merge patch works on typed kinds', 'deletecollection'] },
  'warnings of refused writes': { 'sample-rest': ['another version that exists'] },
  apply: {
    'sample-rest': ['apply', 'conflict', 'an undeclared field'],
    'apply-basic': ['apply creates: 201', 'the same again: nothing happens', 'a change', 'another manager, same value: co-ownership', 'another manager, other value: 409 with causes', 'one conflict, with both as text', 'force takes the field', 'what is no longer applied and owned by no one else is removed', 'what others own stays', 'an empty configuration removes the rest', 'no fieldManager', 'an empty fieldManager', 'any force value but false and 0 is true', 'no name in the body: taken from the path', 'another name in the body', 'no apiVersion and kind', 'another version', 'another kind', 'managedFields in the body', 'YAML', 'YAML 1.1: an unquoted y is true', 'broken YAML', 'dryRun create'],
    'apply-lists': ['first applier', 'second applier adds items', 'first drops an item and reorders', 'an atomic list conflicts as a whole', 'and is taken as a whole', 'a key that is missing and has a default', 'the same item with the explicit key', 'a key without a default is missing', 'a duplicate in a set', 'a duplicate in a map list', 'null for a list', 'a field not in the schema', 'a wrong type', 'a scalar for a list', 'a list without declared type is atomic', 'co-owner of the atomic list with the defaulted value'],
    'apply-managers': ['managedFields [{}] resets', 'an update of an object without managedFields tracks nothing', 'the first apply makes before-first-apply', 'forced', 'kubectl client-side apply', 'kubectl server-side apply takes over without conflict', 'another manager than kubectl conflicts', 'managedFields replaced by a JSON patch', 'an invalid entry is ignored', 'an empty list resets too', 'create-only: an apply by a name of 128 bytes', '129 bytes'],
    'apply-status': ['main apply with a status: dropped', 'status apply by the same manager: a second entry', 'status apply by another: conflict', 'another condition: no conflict', 'main apply again leaves the status alone', 'scale', 'scaling by another manager', 'main apply conflicts with the scale\'s owner', 'leaving replicas out', 'status of nothing', 'fieldValidation Strict on apply with an unknown field', 'fieldValidation Ignore on apply with an unknown field', 'duplicate keys in an apply, Strict', 'duplicate keys in an apply, Warn', 'validation of the merged object'],
    'authorization': ['apply that would create needs create as well'],
    'delete-finalizers': ['apply on a terminating object', 'dryRun of removing the last one', 'removing the last one: 200 with the object', 'the name is free', 'a finalizer added and removed before deletion does nothing', 'dryRun delete of an object with a finalizer'],
    'namespace-termination': ['apply that would create', 'apply that updates'],
    'patch-json': ['no Content-Type', 'a JSON Content-Type is no patch type', 'strategic merge patch of a custom resource: 415'],
  },
  managedFields: {
    'create-bodies': ['Accept application/yaml'],
    'get-representations': ['YAML'],
  },
  'managedFields in texts': {
    'patch-merge': ['unknown field, Strict', 'duplicate field, Strict'],
  },
  scale: {
    'discovery': ['/apis/G/v1', 'aggregated discovery'],
    'scale-subresource': ['scale', 'scale to 4', 'the parent: spec.replicas, generation, managedFields of the scale subresource', 'stale scale', 'merge patch', 'JSON patch', 'beyond the parent\'s schema', 'negative', 'status of a scale cannot be written', 'scale of an object that is not there', 'POST on /scale'],
  },
}
