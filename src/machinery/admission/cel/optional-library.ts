import type { Environment } from '@marcbachmann/cel-js'
import { Optional } from '@marcbachmann/cel-js'

/** What a macro gets from the library; its typings leave it open. */
interface Node { readonly op: string; readonly args: unknown }
interface Type { readonly kind: string; readonly valueType: Type }
interface Scope { forkWithVariable(name: string, type: unknown): Scope; reuse(parent: Scope): Scope; setIterValue(value: unknown, evaluator: Evaluator): Scope }
interface Checker { check(node: Node, scope: Scope): Type; getType(name: string): Type; readonly registry: { getOptionalType(type: Type): Type }; createError(code: string, text: string, node: Node): Error }
interface Evaluator { run(node: Node, scope: Scope): unknown }
interface Macro { readonly ast: { setMeta(name: string, value: unknown): void }; readonly receiver: Node; readonly name: string; readonly body: Node; scope?: Scope }

/** optMap and optFlatMap: `self.?a.optMap(v, v + 1)`; and optional.ofNonZeroValue. */
export function registerOptionals(environment: Environment): void {
  environment.registerFunction('optional.optMap(ast, ast): optional<dyn>', macro('optMap', (value) => Optional.of(value)))
  environment.registerFunction('optional.optFlatMap(ast, ast): optional<dyn>', macro('optFlatMap', (value) => value))
  environment.registerFunction('OptionalNamespace.ofNonZeroValue(A): optional<A>', (_: unknown, value: unknown) => (isZero(value) ? Optional.none() : Optional.of(value)), { async: false })
}

function macro(label: string, wrap: (value: unknown) => unknown) {
  return ({ ast, args, receiver }: { ast: Macro['ast']; args: [Node, Node]; receiver: Node }) => ({
    ast, receiver, name: args[0].args, body: args[1],
    typeCheck(checker: Checker, made: Macro, scope: Scope): Type {
      const type = checker.check(made.receiver, scope)
      if (type.kind !== 'optional' && type.kind !== 'dyn') throw checker.createError('optional_expected', `${label}() receiver must be optional`, made.receiver)
      if (args[0].op !== 'id') throw checker.createError('invalid_macro_argument', `${label}() variable name must be a simple identifier`, args[0])
      made.scope = scope.forkWithVariable(made.name, type.kind === 'dyn' ? checker.getType('dyn') : type.valueType)
      const result = checker.check(made.body, made.scope)
      made.ast.setMeta('async', false)
      return label === 'optMap' ? checker.registry.getOptionalType(result) : result
    },
    evaluate(evaluator: Evaluator, made: Macro, scope: Scope): unknown {
      const value = evaluator.run(made.receiver, scope) as Optional
      return value.hasValue() ? wrap(evaluator.run(made.body, made.scope!.reuse(scope).setIterValue(value.value(), evaluator))) : Optional.none()
    },
  })
}

function isZero(value: unknown): boolean {
  if (value === null || value === '' || value === 0 || value === 0n || value === false) return true
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0
}
