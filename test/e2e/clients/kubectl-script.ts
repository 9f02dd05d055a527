/** What is asked of a kind through kubectl: commands in order, in sections, for any kind that a `Subject` describes. */
import { at, type Subject } from './subjects.ts'

/** A command: words split at blanks that are not between single quotes. */
export interface Step {
  readonly line: string
  readonly input?: object | string
  /** How it must end; 0 unless said. */
  readonly code?: number
  /** What stands for a person with an editor: a program and its arguments; the file's name follows. */
  readonly editor?: string
}

type Section = readonly [title: string, steps: readonly Step[]]

interface Wanted { readonly labels?: object; readonly annotations?: object; readonly finalizers?: readonly string[]; readonly resourceVersion?: string; readonly text?: string; readonly set?: readonly string[]; readonly spec?: object }

export function kubectlScript(subject: Subject): readonly Section[] {
  const { group, kind, plural, text: { path, values: [one, two] }, set } = subject, R = `${plural}.${group}`, leaf = path.join('.'), pointer = `/${path.join('/')}`
  const object = (name: string, { text, set: members, spec, ...metadata }: Wanted = {}) => ({
    apiVersion: `${group}/v1alpha1`, kind, metadata: { name, ...metadata },
    ...merged({ spec: { ...subject.spec, ...spec } }, ...(text === undefined ? [] : [at(path, text)]), ...(members === undefined ? [] : [at(set, members)])),
  })
  const applied = (name: string, wanted: object) => ({ apiVersion: `${group}/v1alpha1`, kind, metadata: { name }, ...wanted }), patch = (value: unknown) => JSON.stringify(at(path, value))
  const columns = `NAME:.metadata.name,TEXT:.${leaf},SET:.${set.join('.')}[*],NONE:.spec.nothing`
  return [
    ['create', [
      { line: 'create -f -', input: object('e2e-a', { text: one, labels: { app: 'a', tier: 'x' } }) },
      { line: 'create -f -', input: object('e2e-a'), code: 1 },
      { line: 'create --dry-run=server -o yaml -f -', input: object('e2e-b', { text: two }) },
      { line: 'create --dry-run=client -o name -f -', input: object('e2e-b') },
      { line: `get ${R} e2e-b`, code: 1 },
      ...(subject.live ? [] : [{ line: 'create -f -', input: object('Not_A_Name'), code: 1 }]),
      { line: 'create --validate=strict -f -', input: { ...object('e2e-b'), spec: { ...subject.spec, unheardOf: 1 }, other: true }, code: 1 },
      { line: 'create --validate=warn --dry-run=server -f -', input: object('e2e-b', { spec: { unheardOf: 1 } }) },
      { line: 'create --validate=ignore --dry-run=server -f -', input: object('e2e-b', { spec: { unheardOf: 1 } }) },
      { line: 'create --validate=false -f -', input: merged(object('e2e-b'), at(path, 7)), code: 1 },
      { line: 'create -f -', input: { ...object('e2e-b'), apiVersion: `${group}/v9` }, code: 1 },
      { line: 'create -f - --save-config --show-managed-fields -o yaml', input: object('e2e-b', { text: two, set: ['m1', 'm2'], labels: { app: 'b' } }) },
    ]],
    ['get', [
      { line: `get ${R} -l app` }, { line: `get ${R} e2e-a e2e-b -o wide --show-labels` }, { line: `get ${R} e2e-a e2e-none`, code: 1 }, { line: `get ${R} -l app -L app` },
      { line: `get ${R} e2e-a -o yaml` }, { line: `get ${R} e2e-b -o json --show-managed-fields` }, { line: `get ${R} -l app -o name` },
      { line: `get ${R} e2e-a -o jsonpath={.metadata.name}/{.${leaf}}` }, { line: `get ${R} -o 'jsonpath-as-json={.items[*].metadata.labels}' -l app` },
      { line: `get ${R} -l app -o custom-columns=${columns}` }, { line: `get ${R} -l app '-o=go-template={{range .items}}{{.metadata.name}} {{end}}'` },
      { line: `get ${R} -l app --sort-by=.metadata.labels.app` }, { line: `get ${R} -l app --chunk-size=1 -o name` }, { line: `get ${R} -l 'app in (a),tier!=y' -o name` },
      { line: `get ${R} -l 'app in (a'`, code: 1 }, { line: `get ${R} --field-selector metadata.name=e2e-b -o name` }, { line: `get ${R} --field-selector spec.nothing=1`, code: 1 },
      { line: `get ${R} --field-selector metadata.name=e2e-none` }, { line: `get --raw /apis/${group}/v1alpha1/nothing`, code: 1 }, { line: `describe ${R} e2e-b` },
    ]],
    ['apply', [
      { line: 'apply -f -', input: object('e2e-a', { text: one, labels: { app: 'a' } }) },
      { line: 'apply -f -', input: object('e2e-a', { text: one, labels: { app: 'a' } }) },
      { line: 'diff -f -', input: object('e2e-a', { text: one, labels: { app: 'a' } }) },
      { line: 'diff -f -', input: object('e2e-a', { text: two, set: ['m3'], labels: { app: 'a' } }), code: 1 },
      { line: 'apply --dry-run=server -f -', input: object('e2e-a', { text: two }) },
      { line: 'apply -f - -o yaml', input: object('e2e-a', { text: two, set: ['m3'] }) },
      { line: 'apply view-last-applied -f -', input: object('e2e-a') },
      { line: 'apply -f -', input: object('e2e-c', { text: one, annotations: { note: 'c' } }) },
      { line: 'apply --validate=strict -f -', input: object('e2e-c', { spec: { unheardOf: 1 } }), code: 1 },
      { line: `get ${R} e2e-a e2e-c -o yaml --show-managed-fields` },
    ]],
    ['apply --server-side', [
      { line: 'apply --server-side --field-manager=first -f - -o yaml --show-managed-fields', input: object('e2e-s', { text: one, set: ['m1'] }) },
      { line: 'apply --server-side --field-manager=second -f -', input: applied('e2e-s', at(path, two)), code: 1 },
      { line: 'apply --server-side --field-manager=second --dry-run=server --force-conflicts -f -', input: applied('e2e-s', at(path, two)) },
      { line: 'apply --server-side --field-manager=second --force-conflicts -f - -o yaml --show-managed-fields', input: applied('e2e-s', merged(at(path, two), at(set, ['m2']))) },
      { line: 'diff --server-side --field-manager=second -f -', input: applied('e2e-s', at(path, one)), code: 1 },
      { line: 'apply --server-side --field-manager=second -f -', input: applied('e2e-s', at(set, [])) },
      { line: 'apply --server-side --field-manager=first -f -', input: object('e2e-s', { set: ['m1'], labels: { a: 'b' } }) },
      { line: `get ${R} e2e-s -o yaml --show-managed-fields` },
      { line: 'apply --server-side -f -', input: object('e2e-a', { text: one }) },
      { line: 'apply --server-side --validate=strict --field-manager=first -f -', input: applied('e2e-s', { spec: { ...subject.spec, unheardOf: 1 } }), code: 1 },
      { line: 'apply --server-side --field-manager=first -f -', input: merged(object('e2e-s'), at(path, 7)), code: 1 },
    ]],
    ['edit', [
      { line: `edit ${R} e2e-s`, editor: `sed -i s/${two}/${one}/` },
      { line: `get ${R} e2e-s -o yaml --show-managed-fields` },
      { line: `edit ${R} e2e-s`, editor: 'true' },
      { line: `edit ${R} e2e-s`, editor: 'sed -i s/^spec:.*/spec:\\n--unheardOf:-[]/;s/--unheardOf:-/\\ \\ unheardOf:\\ /', code: 1 },
    ]],
    ['patch, label, annotate', [
      { line: `patch ${R} e2e-a --type=merge -p ${patch(one)}` }, { line: `patch ${R} e2e-a --type=merge -p ${patch(one)}` },
      { line: `patch ${R} e2e-a --type=merge -p ${patch(null)} -o jsonpath={.${leaf}}` },
      { line: `patch ${R} e2e-a --type=json -p ${JSON.stringify([{ op: 'add', path: pointer, value: two }])}` },
      { line: `patch ${R} e2e-a --type=json -p ${JSON.stringify([{ op: 'test', path: pointer, value: one }])}`, code: 1 },
      { line: `patch ${R} e2e-a --type=json -p ${JSON.stringify([{ op: 'remove', path: '/spec/nothing' }])}`, code: 1 },
      // Kinds that are compiled in take it; their twins, being custom resources, cannot.
      ...(subject.live ? [] : [{ line: `patch ${R} e2e-a --type=strategic -p ${patch(one)}`, code: 1 }]), { line: `patch ${R} e2e-a --type=merge -p {"spec":`, code: 1 },
      { line: `patch ${R} e2e-a --type=merge --dry-run=server -o jsonpath={.${leaf}} -p ${patch(one)}` }, { line: `patch ${R} e2e-a --type=merge -p ${patch(7)}`, code: 1 },
      { line: `patch ${R} e2e-none --type=merge -p ${patch(one)}`, code: 1 }, { line: `patch ${R} e2e-a --type=merge -p {"metadata":{"name":"e2e-other"}}`, code: 1 },
      { line: `patch ${R} e2e-a --type=merge -p {"metadata":{"resourceVersion":"1"}}`, code: 1 },
      { line: `label ${R} e2e-a app=z tier=front` }, { line: `label ${R} e2e-a app=y`, code: 1 }, { line: `label ${R} e2e-a app=y --overwrite` }, { line: `label ${R} e2e-a tier-` },
      { line: `label ${R} e2e-a bad='not valid'`, code: 1 }, { line: `label ${R} e2e-a app=q --overwrite --resource-version=1`, code: 1 }, { line: `label ${R} -l app checked=yes` }, { line: `get ${R} -l checked=yes -o name` },
      { line: `annotate ${R} e2e-a note='some words'` }, { line: `annotate ${R} e2e-a note=other`, code: 1 }, { line: `annotate ${R} e2e-a note-` }, { line: `annotate ${R} e2e-a note=x --dry-run=server -o jsonpath={.metadata.annotations.note}` },
      { line: `get ${R} e2e-a -o jsonpath={.metadata.generation}` },
    ]],
    ['replace', [
      { line: 'replace -f -', input: object('e2e-b', { text: one }) }, { line: `get ${R} e2e-b -o yaml --show-managed-fields` },
      { line: 'replace -f -', input: object('e2e-b', { text: two, resourceVersion: '1' }), code: 1 }, { line: 'replace -f -', input: object('e2e-none'), code: 1 },
      { line: 'replace -f - --dry-run=server -o yaml', input: object('e2e-b', { set: ['m9'] }) }, { line: 'replace --force -f -', input: object('e2e-b', { text: two, labels: { app: 'b' } }) },
      { line: 'replace --validate=strict -f -', input: object('e2e-b', { spec: { unheardOf: 1 } }), code: 1 },
    ]],
    ['scale', scaled(subject, R, object('e2e-scaled'))],
    ...(subject.live ? [] : [['status and wait', [
      { line: `patch ${R} e2e-a --subresource=status --type=merge -p ${JSON.stringify({ spec: { changed: true }, status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Tested', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] } })}` },
      { line: `get ${R} e2e-a --subresource=status -o yaml --show-managed-fields` }, { line: `wait ${R} e2e-a --for=condition=Approved --timeout=10s` },
      { line: `wait ${R} e2e-a --for=condition=Approved=False --timeout=1s`, code: 1 }, { line: 'replace --subresource=status -f -', input: object('e2e-a', { text: two }) },
      { line: `get ${R} e2e-a -o jsonpath={.status}` },
    ]] satisfies Section]),
    ['explain and discovery', [
      { line: `explain ${R}` }, { line: `explain ${R}.spec` }, { line: `explain ${R} --recursive` }, { line: `explain ${R}.${leaf}` }, { line: `explain ${R}.spec.nothing`, code: 1 },
      { line: `explain ${plural}.${set.join('.')} --api-version=${group}/v1alpha1` },
      { line: `api-resources --api-group=${group} -o wide` }, { line: `api-resources --api-group=${group} -o name --namespaced=${subject.isNamespaced}` }, { line: `api-resources --api-group=${group} --verbs=list,watch --no-headers` },
      { line: `auth can-i create ${R}` }, { line: `auth can-i create ${R} --as=alice`, code: 1 }, { line: `auth can-i delete ${R} --subresource=status` },
      { line: `get ${R} --as=alice`, code: 1 }, { line: `delete ${R} e2e-a --as=alice`, code: 1 },
    ]],
    ['wait and delete', [
      { line: `wait ${R} e2e-a --for=jsonpath={.${leaf}}=${two} --timeout=10s` }, { line: `wait ${R} e2e-a --for=delete --timeout=1s`, code: 1 },
      { line: `delete ${R} e2e-a --dry-run=server` }, { line: `delete ${R} e2e-a --cascade=background` }, { line: `delete ${R} e2e-a`, code: 1 }, { line: `delete ${R} e2e-a --ignore-not-found` },
      { line: `delete ${R} e2e-c --cascade=orphan --wait=false` }, { line: `wait ${R} e2e-c --for=delete --timeout=30s` }, { line: `delete ${R} e2e-s --grace-period=0 --force` },
      { line: 'apply -f -', input: object('e2e-f', { finalizers: ['e2e.federation/held'] }) }, { line: `delete ${R} e2e-f --wait=false` }, { line: `delete ${R} e2e-f --timeout=1s`, code: 1 },
      { line: `get ${R} e2e-f -o jsonpath={.metadata.finalizers},{.metadata.deletionGracePeriodSeconds},{.metadata.generation}` }, { line: `patch ${R} e2e-f --type=merge -p {"metadata":{"finalizers":["a.example/b","e2e.federation/held"]}}`, code: 1 },
      { line: `patch ${R} e2e-f --type=merge -p {"metadata":{"finalizers":null}}` }, { line: `get ${R} e2e-f`, code: 1 },
      { line: 'delete -f -', input: object('e2e-b') }, { line: `delete ${R} -l app=nobody` },
    ]],
  ]
}

function scaled({ replicas }: Subject, R: string, object: object): Step[] {
  if (!replicas) return [{ line: `scale ${R} e2e-scaled --replicas=2`, code: 1 }]
  const path = `jsonpath={.${replicas.join('.')}}`
  return [
    { line: 'create -f -', input: object }, { line: `get ${R} e2e-scaled --subresource=scale` }, { line: `scale ${R} e2e-scaled --replicas=3` }, { line: `get ${R} e2e-scaled -o ${path}` },
    { line: `scale ${R} e2e-scaled --replicas=4 --current-replicas=2`, code: 1 }, { line: `scale ${R} e2e-scaled --replicas=4 --current-replicas=3 --dry-run=server` },
    { line: `scale ${R} e2e-scaled --replicas=99`, code: 1 }, { line: `scale ${R} e2e-scaled --replicas=5 --resource-version=1`, code: 1 },
    { line: `patch ${R} e2e-scaled --subresource=scale --type=merge -p {"spec":{"replicas":1}}` }, { line: `get ${R} e2e-scaled -o yaml --show-managed-fields` }, { line: `delete ${R} e2e-scaled` },
    { line: `scale ${R} e2e-scaled --replicas=2`, code: 1 },
  ]
}

/** Objects put on top of each other, key by key. */
function merged(...objects: readonly object[]): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, value] of objects.flatMap((each) => Object.entries(each))) {
    const below = result[key]
    result[key] = isPlain(below) && isPlain(value) ? merged(below, value) : value
  }
  return result
}

const isPlain = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
