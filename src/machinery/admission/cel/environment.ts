import { Environment } from '@marcbachmann/cel-js'
import { registerFormat } from './format-library.ts'
import { registerLists } from './list-library.ts'
import { registerNetwork } from './network-library.ts'
import { registerOptionals } from './optional-library.ts'
import { registerQuantity } from './quantity-library.ts'
import { registerRegex, rewriteMatches } from './regex-library.ts'
import { registerSemver } from './semver-library.ts'
import { registerSets } from './set-library.ts'
import { registerStrings } from './string-library.ts'
import { registerUrl } from './url-library.ts'

/**
 * CEL as Kubernetes offers it to rules (apiserver/pkg/cel/environment/base.go), without variables. Clone it, then declare yours.
 * Not there, so that using them is a compile error: comprehensions of two variables, `sortBy`, and the authorizer.
 */
export function createEnvironment(): Environment {
  // Mixed lists are let through: the library would refuse dyn beside a type, and the values of format.
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits: { maxListElements: 10_000, maxMapEntries: 10_000 } })
  for (const register of [registerLists, registerStrings, registerRegex, registerSets, registerOptionals, registerUrl, registerNetwork, registerQuantity, registerSemver, registerFormat]) register(environment)
  return environment
}

export type Variables = Readonly<Record<string, unknown>>

/** `error` says why the expression cannot be used: its syntax, an unknown name, types that do not fit. */
export type Compiled = { readonly evaluate: (variables: Variables) => unknown; readonly uses: (variable: string) => boolean } | { readonly error: string }

/** `type`: what the expression must yield; dyn passes, and is checked by whoever uses the value. Absent: anything. */
export function compile(environment: Environment, expression: string, type?: 'bool' | 'string'): Compiled {
  try {
    const program = environment.parse(rewriteMatches(expression)), { valid, type: actual, error } = program.check()
    if (!valid) return { error: `compilation failed: ERROR: ${summary(error)}` }
    if (type !== undefined && actual !== type && actual !== 'dyn') return { error: `must evaluate to ${type}` }
    const names = identifiers(expression)
    return { evaluate: (variables) => program(variables), uses: (variable) => names.has(variable) }
  } catch (error) {
    return { error: `compilation failed: ERROR: ${summary(error)}` }
  }
}

/** What went wrong, in one line and without the library's drawing of the source. */
function summary(error: unknown): string {
  const { summary: short, message } = error as { summary?: string; message?: string }, text = short ?? message ?? String(error)
  return text.replace(/^No such key: index out of bounds, index (-?\d+).*$/, 'index out of bounds: $1').replace(/^No such key: /, 'no such key: ')
}

/** What went wrong while an expression was evaluated, in the words of Kubernetes' own engine where the library has others. */
export function evaluationError(error: unknown): string {
  const { code } = error as { code?: string }
  return (code === undefined ? undefined : EVALUATION_TEXTS[code]) ?? summary(error)
}

const conversion = (type: string) => `type conversion error from 'string' to '${type}'`
const EVALUATION_TEXTS: Readonly<Record<string, string>> = {
  no_such_overload: 'no such overload', no_matching_overload: 'no such overload', modulo_by_zero: 'modulus by zero', numeric_overflow: 'integer overflow', int_conversion_error: conversion('int'), uint_conversion_error: conversion('uint'),
  double_conversion_error: conversion('double'), bool_conversion_error: conversion('bool'), invalid_timestamp: conversion('google.protobuf.Timestamp'), invalid_duration: conversion('google.protobuf.Duration'),
}

/** Words outside of string literals, field names included: who only selects a field of that name is taken to use the variable too. */
function identifiers(expression: string): Set<string> {
  return new Set(expression.replaceAll(STRING, '""').match(/[A-Za-z_]\w*/g))
}

const STRING = /[rRbB]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')/g
