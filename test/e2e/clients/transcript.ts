/** What kubectl said, without what no two runs have in common, so that two transcripts can be compared. */
import { dump, load } from 'js-yaml'
import type { KubectlResult } from '../../testbed/kubectl.ts'
import type { Subject } from './subjects.ts'
import { twinGroup } from './twin.ts'

interface Said { readonly line: string; readonly code: number; readonly stdout: string; readonly stderr: string }

/** `line` is the command as it was meant for our kind; groups of the twin become ours. */
export function said(line: string, { code, stdout, stderr }: KubectlResult, subject: Subject): Said {
  const text = (raw: string) => passing(raw.replaceAll(twinGroup(subject.group), subject.group))
  return { line, code, stdout: comparable(line, text(stdout), subject.live ?? []), stderr: asCustom(text(stderr)) }
}

/** Identities, times, versions, files, and what client-go logs when it is slow. */
const passing = (text: string): string => text
  .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
  .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| [+-]\d{4})/g, 'TIME')
  .replaceAll(/(resource ?version[\\"]*: *[\\"]*)\d+/gi, '$1VERSION')
  // A slow machine spends the whole time before the first request.
  .replace(/client rate limiter Wait returned an error: context deadline exceeded|timed out waiting for the condition on \S+/, 'TIMED OUT')
  .replace(/(Expected resource version to be 1, was )\d+/, '$1VERSION')
  .replace(/(?<=patch: Invalid value: ").*(?=": strict decoding error)/, 'THE OBJECT')
  .replaceAll(/\/tmp\/(LIVE|MERGED|kubectl-edit)-\d+\S*?(?=[/\s"]|$)/g, '/tmp/$1')
  .replaceAll(/^[IEW]\d{4} .*\n/gm, '')

/** Where a kube-apiserver has other words for a custom resource than for everything else, ours are the others: those of k8s.io/apiserver's registry. */
const asCustom = (text: string): string => text
  .replace(/"([\w.]+)" is not a known field selector: only "metadata.name", "metadata.namespace"/, 'field label not supported: $1')
  .replace(/(?<=\(NotFound\): )(?:\S+ "e2e-scaled" not found|the server could not find the requested resource)/, 'not served')

function comparable(line: string, text: string, live: readonly string[]): string {
  if (/-o (yaml|json)\b/.test(line) && live.length > 0 && text !== '') return dump(withoutStatus(load(text)), { lineWidth: -1 })
  if (line.startsWith('explain')) return described(text)
  // Of what is gone already, nothing is said.
  if (line.startsWith('wait') && line.includes('--for=delete')) return text.replace(/^\S+ condition met\n/, '')
  if (live.length > 0 && line.startsWith('describe')) return text.replace(/^Status:\n(?: .*\n)*/m, '').replace(/^Events:[^]*/m, '')
  if (live.length > 0 && line.startsWith('diff')) return text.split('\n').filter((each) => /^[-+] /.test(each)).join('\n')
  return text.startsWith('NAME ') ? table(text, live) : text.replaceAll(/(?<= )(?:\d+[hms])+(?= )/g, 'AGE').replaceAll(/ {2,}/g, '  ')
}

/** A CustomResourceDefinition names no types, and describes apiVersion, kind and metadata in its own words. */
const described = (text: string): string => text.replaceAll(/<((?:map\[string\]|\[\])?)[A-Z]\w*>/g, '<$1Object>').replaceAll(/^ {2}(apiVersion|kind|metadata)\t.*\n(?: {4}.*\n)*/gm, '')

/** Cells by the places of their headers, without ages, the order of verbs, and what a controller fills. */
function table(text: string, live: readonly string[]): string {
  const [header = '', ...lines] = text.trimEnd().split('\n'), columns = [...header.matchAll(/\S+(?: \S+)*/g)].map(({ 0: title, index }) => ({ title, index }))
  const cells = (line: string) => columns.map(({ title, index }, at) => [title, line.slice(index, columns[at + 1]?.index).trim()] as const).filter(([title]) => !live.includes(title) && title !== 'AGE')
  return [header, ...lines].map((line) => cells(line).map(([title, cell]) => (title === 'VERBS' ? cell.split(',').sort().join() : cell)).join(' | ')).join('\n')
}

interface Printed { readonly kind?: string; readonly items?: readonly Printed[]; readonly status?: unknown; readonly metadata?: { readonly managedFields?: readonly { readonly subresource?: string }[] } }

function withoutStatus(printed: unknown): Printed {
  const { status: _, metadata, items, ...rest } = printed as Printed
  return {
    ...rest, ...(items && { items: items.map(withoutStatus) }),
    metadata: { ...metadata, ...(metadata?.managedFields && { managedFields: metadata.managedFields.filter(({ subresource }) => subresource !== 'status') }) },
  }
}
