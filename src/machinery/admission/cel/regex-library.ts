import { RE2JS } from '@bufbuild/re2'
import type { Environment } from '@marcbachmann/cel-js'

/** `matches` in linear time, and find and findAll. */
export function registerRegex(environment: Environment): void {
  const matches = (text: string, pattern: string) => compiled(pattern).re2.test(text)
  environment.registerFunction('string.matchesLinear(string): bool', matches, { async: false }).registerFunction('matchesLinear(string, string): bool', matches, { async: false })
  environment.registerFunction('string.find(string): string', (text: string, pattern: string) => native(pattern).exec(text)?.[0] ?? '', { async: false })
  environment.registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) => findAll(text, pattern, -1n), { async: false })
  environment.registerFunction('string.findAll(string, int): list<string>', findAll, { async: false })
}

/**
 * The library's own `matches` backtracks, and built-in functions cannot be replaced: its name is exchanged in the source, outside of string literals and comments.
 * `self.matches('^a+$')` becomes `self.matchesLinear('^a+$')`.
 */
export function rewriteMatches(expression: string): string {
  return expression.replaceAll(LITERAL_OR_MATCHES, (token, name: string | undefined) => (name === undefined ? token : token.replace(name, 'matchesLinear')))
}

const LITERAL_OR_MATCHES = /\/\/[^\n]*|\b[rRbB]{1,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')|"""(?:\\.|[^\\])*?"""|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\b(matches)\s*\(/gs

function findAll(text: string, pattern: string, limit: bigint): string[] {
  if (limit === 0n) return []
  const found = Array.from(text.matchAll(native(pattern)), ([match]) => match)
  return limit < 0n ? found : found.slice(0, Number(limit))
}

/** The linear engine only tests. Where a match lies is found by the backtracking one, whose worst case the evaluation's deadline ends; patterns that Go refuses are refused here too. */
function native(pattern: string): RegExp {
  const known = compiled(pattern)
  known.native ??= new RegExp(pattern.replace(/^\(\?([ims]+)\)/, '').replaceAll(String.raw`\A`, '^').replaceAll(String.raw`\z`, '$').replaceAll('(?P<', '(?<'), `gu${/^\(\?([ims]+)\)/.exec(pattern)?.[1] ?? ''}`)
  known.native.lastIndex = 0
  return known.native
}

function compiled(pattern: string): { readonly re2: RE2JS; native?: RegExp } {
  let found = patterns.get(pattern)
  if (!found) {
    if (patterns.size >= MAX_PATTERNS) patterns.clear()
    patterns.set(pattern, (found = { re2: RE2JS.compile(pattern) }))
  }
  return found
}

/** Compiled patterns: the same ones come with every object. */
const patterns = new Map<string, { readonly re2: RE2JS; native?: RegExp }>(), MAX_PATTERNS = 500
