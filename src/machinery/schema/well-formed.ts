import type { KubeObject } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import type { Strategy } from '../meta/strategy.ts'
import { validateSchema } from './validate-schema.ts'

/**
 * The strategy, with its hooks called only for objects that the schema allows, so that they may rely on the types of all fields.
 * Others are passed on as they are: the schema's own errors say what is wrong, and they are never stored.
 */
export function wellFormed<T extends KubeObject>(schema: JsonSchema, strategy: Strategy<T>): Strategy<T> {
  const { prepareForCreate, prepareForUpdate, validate, validateUpdate, warnings } = strategy, isValid = (object: T) => validateSchema(schema, object).length === 0
  return {
    ...strategy,
    ...(prepareForCreate && { prepareForCreate: (object, now) => (isValid(object) ? prepareForCreate(object, now) : object) }),
    ...(prepareForUpdate && { prepareForUpdate: (object, old, now) => (isValid(object) ? prepareForUpdate(object, old, now) : object) }),
    ...(validate && { validate: (object) => (isValid(object) ? validate(object) : []) }),
    ...(validateUpdate && { validateUpdate: (object, old) => (isValid(object) ? validateUpdate(object, old) : []) }),
    ...(warnings && { warnings: (object, old) => (isValid(object) ? warnings(object, old) : []) }),
  }
}
