/**
 * `npm run bench [-- NAME…] [--json FILE]`: runs the files beside this one that export `run`, and prints each figure with what it is compared with, measured in the same run.
 * FILE gets a JSON object a line: `{bench, row, ours, other, unit, ratio, target, better, than}`; what a row does not have is left out.
 */
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { BenchRow } from './cache.ts'

const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/** Columns two blanks apart, as wide as their longest cell. */
function printTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()).join('\n')
}

const cells = ({ name, value, unit, than, target, better }: BenchRow): string[] => [
  name, `${number.format(value)} ${unit}`, than?.name ?? '', than ? `${number.format(than.value)} ${unit}` : '', than ? `${number.format(value / than.value)} ×` : '',
  target === undefined ? '' : `${better === 'lower' ? '≤' : '≥'} ${number.format(target)}${than && isMissed(value / than.value, target, better) ? ', missed' : ''}`,
]

const isMissed = (ratio: number, target: number, better: BenchRow['better']) => (better === 'lower' ? ratio > target : ratio < target)

const line = (bench: string, { name, value, unit, than, target, better }: BenchRow): string =>
  `${JSON.stringify({ bench, row: name, ours: value, ...(than && { other: than.value, than: than.name }), unit, ...(than && { ratio: value / than.value }), ...(target !== undefined && { target }), ...(better && { better }) })}\n`

// Some figures are of memory; the collector must be at hand for these.
setFlagsFromString('--expose-gc')
globalThis.gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>

const { positionals, values: { json } } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } })
const all = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'main.ts').map((file) => path.basename(file, '.ts')).sort()
const unknown = positionals.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`error: no such bench: ${unknown.join(', ')}; there are ${all.join(', ')}`)
  process.exit(1)
}
if (json !== undefined) writeFileSync(json, '')
for (const name of positionals.length > 0 ? positionals : all) {
  const { run } = (await import(`./${name}.ts`)) as { run?: () => Promise<BenchRow[]> }
  if (!run) continue
  console.log(`${name} …`)
  const rows = await run()
  if (json !== undefined) appendFileSync(json, rows.map((row) => line(name, row)).join(''))
  console.log(`${printTable([['FIGURE', 'VALUE', 'COMPARED WITH', '', 'RATIO', 'TARGET'], ...rows.map(cells)])}\n`)
}
