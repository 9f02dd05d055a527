/** The layout holds itself: layers, folder cycles, sizes, names and dead exports (design: "Shape of the code"). */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

/** An import may only point up this list: to a folder named earlier, or to its own. */
const ORDER = [
  'lib',
  'machinery/meta', 'machinery/schema', 'machinery/apply', 'machinery/patch', 'machinery/cache', 'machinery/storage', 'machinery/client', 'machinery/auth', 'machinery/admission', 'machinery/registry', 'machinery/server', 'machinery/controller',
  'apis',
  'host',
  'federation/interpreter', 'kinds', 'federation/template', 'federation/override', 'federation/member', 'federation/taint', 'federation/type-config', 'federation/claim', 'federation/quota', 'federation/scheduler', 'federation/propagation', 'federation/rollout', 'federation/status',
  'fleet',
  'simulation',
  'cli',
  'dashboard',
  'main',
]
const MAX_FILE_LINES = 400, MAX_FUNCTION_LINES = 70
const BANNED_FOLDERS = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc', 'shared']
const ROOT = path.resolve(import.meta.dirname, '..')

const walk = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    if (name === 'node_modules' || name === 'dist' || name.startsWith('.')) return []
    const file = path.join(folder, name)
    return statSync(file).isDirectory() ? walk(file) : [file]
  })
const all = walk(ROOT).filter((file) => file.endsWith('.ts')), sources = all.filter((file) => file.startsWith(path.join(ROOT, 'src')) && !file.endsWith('.test.ts'))
const text = new Map(all.map((file) => [file, readFileSync(file, 'utf8')]))
const relative = (file: string) => path.relative(ROOT, file)
const IMPORT = /(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]|new URL\(['"](\.[^'"]+)['"]/g
const importsOf = (file: string) => [...text.get(file)!.matchAll(IMPORT)].map((match) => path.resolve(path.dirname(file), (match[1] ?? match[2])!))
const layerOf = (file: string) => {
  const inside = path.relative(path.join(ROOT, 'src'), file).replaceAll('\\', '/')
  if (inside.startsWith('main.') || inside.startsWith('main/')) return ORDER.indexOf('main')
  return ORDER.findIndex((layer) => inside.startsWith(`${layer}/`))
}

test('every source file lies in a named layer', () => {
  expect(sources.filter((file) => layerOf(file) < 0).map(relative)).toEqual([])
})

test('imports point up the list of layers only', () => {
  const wrong = sources.flatMap((file) => importsOf(file).filter((target) => target.startsWith(path.join(ROOT, 'src')) && layerOf(target) > layerOf(file)).map((target) => `${relative(file)} imports ${relative(target)}`))
  expect(wrong).toEqual([])
})

test('files import no cycle', () => {
  const state = new Map<string, 'open' | 'done'>(), cycles: string[] = []
  const visit = (file: string, trail: readonly string[]): void => {
    if (state.get(file) === 'done' || !text.has(file)) return
    if (state.get(file) === 'open') { cycles.push([...trail.slice(trail.indexOf(file)), file].map(relative).join(' → ')); return }
    state.set(file, 'open')
    for (const target of importsOf(file)) visit(target, [...trail, file])
    state.set(file, 'done')
  }
  for (const file of sources) visit(file, [])
  expect(cycles).toEqual([])
})

test(`files have at most ${MAX_FILE_LINES} lines`, () => {
  expect(all.filter((file) => text.get(file)!.split('\n').length > MAX_FILE_LINES + 1).map(relative)).toEqual([])
})

test(`functions have at most ${MAX_FUNCTION_LINES} lines`, () => {
  // By indentation: from a line that opens a function or method to the line that closes it at the same depth.
  const START = /^(\s*)(?:export |default |async |static |override |get |set |private |protected |public )*(?:function\*? ?[\w$#]*|[\w$#*]+)?\s*(?:<[^>]*>)?\(.*(?:\{|=> \{|=> \()$|^(\s*)(?:export )?(?:const|let) .*=> \{$/
  const long = sources.flatMap((file) => {
    const lines = text.get(file)!.split('\n')
    return lines.flatMap((line, at) => {
      const match = START.exec(line)
      if (!match || /^\s*(?:if|for|while|switch|catch|return|test|describe|it)\b/.test(line)) return []
      const indent = match[1] ?? match[2] ?? '', end = lines.findIndex((other, i) => i > at && other.startsWith(`${indent}}`))
      return end - at + 1 > MAX_FUNCTION_LINES ? [`${relative(file)}:${at + 1} has ${end - at + 1} lines`] : []
    })
  })
  expect(long).toEqual([])
})

test('no folder is a drawer for everything', () => {
  const folders = new Set(all.flatMap((file) => relative(path.dirname(file)).split(path.sep)))
  expect(BANNED_FOLDERS.filter((name) => folders.has(name))).toEqual([])
})

test('every export is used by another file', () => {
  // A type that only signatures of its own file name is still part of their contract.
  const EXPORT = /^export (?:declare )?(?:abstract )?(?:async )?(const|let|function\*?|class|interface|type) ([\w$]+)/gm
  const dead = sources.flatMap((file) =>
    [...text.get(file)!.matchAll(EXPORT)].filter(([, sort, name]) => {
      const word = new RegExp(String.raw`\b${name!.replaceAll('$', String.raw`\$`)}\b`, 'g'), inside = text.get(file)!.match(word)!.length
      return !((sort === 'interface' || sort === 'type') && inside > 1) && !all.some((other) => other !== file && text.get(other)!.search(word) >= 0)
    }).map(([, , name]) => `${relative(file)}: ${name}`))
  expect(dead).toEqual([])
})
