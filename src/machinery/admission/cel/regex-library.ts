import { RE2JS } from '@bufbuild/re2'
import type { Environment } from '@marcbachmann/cel-js'

/** `matches` in linear time, and find and findAll. */
export function registerRegex(environment: Environment): void {
  const patterns = new Patterns(), matches = (text: string, pattern: string) => patterns.matches(text, pattern)
  environment.registerFunction('string.matchesLinear(string): bool', matches, { async: false }).registerFunction('matchesLinear(string, string): bool', matches, { async: false })
  environment.registerFunction('string.find(string): string', (text: string, pattern: string) => patterns.find(text, pattern), { async: false })
  environment.registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) => patterns.findAll(text, pattern, -1n), { async: false })
  environment.registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) => patterns.findAll(text, pattern, limit), { async: false })
}

/**
 * The library's own `matches` backtracks, and built-in functions cannot be replaced: its name is exchanged in the source, outside of string literals and comments.
 * `self.matches('^a+$')` becomes `self.matchesLinear('^a+$')`.
 */
export function rewriteMatches(expression: string): string {
  return expression.replaceAll(LITERAL_OR_MATCHES, (token, name: string | undefined) => (name === undefined ? token : token.replace(name, 'matchesLinear')))
}

const LITERAL_OR_MATCHES = /\/\/[^\n]*|\b[rRbB]{1,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')|"""(?:\\.|[^\\])*?"""|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\b(matches)\s*\(/gs

class Patterns {
  readonly #compiled = new Map<string, { readonly re2: RE2JS; native?: RegExp }>()

  matches(text: string, pattern: string): boolean { return this.#of(pattern).re2.test(text) }
  find(text: string, pattern: string): string { return this.#native(pattern).exec(text)?.[0] ?? '' }

  findAll(text: string, pattern: string, limit: bigint): string[] {
    if (limit === 0n) return []
    const found = Array.from(text.matchAll(this.#native(pattern)), ([match]) => match)
    return limit < 0n ? found : found.slice(0, Number(limit))
  }

  /** The linear engine only tests. Where a match lies is found by the backtracking one, whose worst case the evaluation's deadline ends; patterns that Go refuses are refused here too. */
  #native(pattern: string): RegExp {
    const known = this.#of(pattern), flags = /^\(\?([ims]+)\)/.exec(pattern)
    known.native ??= new RegExp(pattern.slice(flags?.[0].length ?? 0).replaceAll(String.raw`\A`, '^').replaceAll(String.raw`\z`, '$').replaceAll('(?P<', '(?<'), `gu${flags?.[1] ?? ''}`)
    known.native.lastIndex = 0
    return known.native
  }

  #of(pattern: string): { readonly re2: RE2JS; native?: RegExp } {
    let found = this.#compiled.get(pattern)
    if (found) return found
    if (this.#compiled.size >= MAX_PATTERNS) this.#compiled.clear()
    this.#compiled.set(pattern, (found = { re2: RE2JS.compile(pattern) }))
    return found
  }
}

/** The same patterns come with every object; those made of an object's values must not pile up. */
const MAX_PATTERNS = 500
