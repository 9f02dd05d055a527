/** Replays kubectl's JSONPath where a template is one path: a column shows the first result, and nothing where there is an error. Texts and ranges are kubectl's own to print. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseJson, stringifyJson } from '../../../machinery/meta/json.ts'
import { plain } from './column.ts'
import { compileJsonPath } from './json-path.ts'

interface Case { name: string; template: string; expect?: string; expectError?: 'parse' | 'execute' }
const { cases, document } = parseJson(readFileSync(new URL('../../../../test/cases/interpretation/jsonpath.json', import.meta.url), 'utf8')) as { cases: Case[]; document: object }
const PATH = /^\{((?!range |end\}|['"\d]|true\}|\}|\*).+)\}$/, paths = cases.filter(({ template }) => PATH.test(template) && !template.slice(1).includes('{'))

const LENIENT = 'upstream cannot read the path, and shows default columns instead; what can be read of it does no harm', NUMBERS = 'JSON has one type of numbers: whether one is written with a point does not count'
const DIFFERENT: Readonly<Record<string, string>> = {
  'unclosed-bracket': LENIENT, 'dangling-dot': LENIENT, 'trailing-dot': LENIENT, 'empty-brackets': LENIENT, 'bracket-key-with-quote': LENIENT,
  'filter-float-against-integer': NUMBERS, 'filter-integer-against-float': NUMBERS,
  'slice-end-beyond': 'a slice ends where its list does', 'slice-negative-step': 'the rarer slices are those of the library',
  'filter-quoted-dotted-key': 'columns allow missing keys: an item without one does not match',
}

function first(template: string): string {
  const value = compileJsonPath(PATH.exec(template)![1]!)(document)
  return value === undefined ? '' : typeof value === 'object' && !JSON.isRawJSON(value) ? stringifyJson(value) : plain(value)
}
/** Results are joined with blanks; none of the recorded ones that are several has a blank in it. */
const recorded = ({ expect: printed, expectError }: Case, ours: string) => (expectError ? '' : printed === ours ? printed : printed!.split(' ')[0])

test.each(paths.filter(({ name }) => !DIFFERENT[name]))('$name: $template', (one) => { const ours = first(one.template); expect(ours).toBe(recorded(one, ours)) })
test.each(Object.entries(DIFFERENT))('%s differs: %s', (name) => { const one = paths.find((one) => one.name === name)!, ours = first(one.template); expect(ours).not.toBe(recorded(one, ours)) })
