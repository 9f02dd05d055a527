import type { Environment } from '@marcbachmann/cel-js'

/** Makes functions callable as `constant.name(…)`: they are declared as methods of the type `type`. */
export function registerNamespace(environment: Environment, constant: string, type: string): void {
  // A class of its own each time: the library tells types by their constructor.
  const Namespace = class { readonly constant = constant }
  environment.registerType(type, Namespace).registerConstant(constant, type, new Namespace())
}
