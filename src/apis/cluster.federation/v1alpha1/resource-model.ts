import { parseQuantity } from '../../../machinery/meta/quantity.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import type { Quantity } from '../../meta/v1/quantity.ts'

/** One grade of nodes: how much of each resource such a node has free. */
export interface ResourceModel {
  /** Position of the grade, from the smallest nodes up; unique.
   * @isInt
   * @minimum 0 */
  grade: number
  /** One range for each resource; all grades name the same ones.
   * @minItems 1
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["name"]} */
  ranges: ResourceModelRange[]
}

/** From `min` (included) to `max` (excluded) of one resource. */
export interface ResourceModelRange {
  /** Resource, e.g. cpu or memory. */
  name: string
  /** Smallest amount; 0 in the first grade. */
  min: Quantity
  /** Amount from which the next grade begins; 9223372036854775807 in the last one. */
  max: Quantity
}

/** Stands for no limit. */
const UNLIMITED = '9223372036854775807'
const CPU = ['0', '1', '2', '4', '8', '16', '32', '64', '128', UNLIMITED], MEMORY = ['0', '4Gi', '16Gi', '32Gi', '64Gi', '128Gi', '256Gi', '512Gi', '1Ti', UNLIMITED]

/** Nine grades, from below 1 CPU and 4 Gi to nodes from 128 CPUs and 1 Ti up. */
export const defaultResourceModels = (): ResourceModel[] =>
  Array.from({ length: 9 }, (_, grade) => ({ grade, ranges: [{ name: 'cpu', min: CPU[grade]!, max: CPU[grade + 1]! }, { name: 'memory', min: MEMORY[grade]!, max: MEMORY[grade + 1]! }] }))

/** Billionths. Digits are needed: no text at all would be zero. */
const nanosOf = (quantity: Quantity) => (/\d/.test(String(quantity)) ? parseQuantity(String(quantity))?.nano : undefined)

/** Grades must be distinct, name the same resources, and leave no gap between 0 and no limit. */
export function validateResourceModels(models: readonly ResourceModel[], path: string): FieldError[] {
  const errors: FieldError[] = [], ordered = [...models.entries()].toSorted(([, a], [, b]) => a.grade - b.grade), names = models[0]?.ranges.map(({ name }) => name).toSorted() ?? []
  for (const [index, model] of models.entries()) {
    if (model.ranges.map(({ name }) => name).toSorted().join() !== names.join()) errors.push(fieldError.invalid(`${path}[${index}].ranges`, model.ranges.map(({ name }) => name), `must name the same resources as the other grades: ${names.join(', ')}`))
  }
  return errors.length ? errors : names.flatMap((name) => validateRanges(name, ordered, path))
}

function validateRanges(name: string, ordered: readonly (readonly [number, ResourceModel])[], path: string): FieldError[] {
  let reached: bigint | undefined = 0n
  const errors = ordered.flatMap(([index, { ranges }], position): FieldError[] => {
    const at = ranges.findIndex((range) => range.name === name), field = `${path}[${index}].ranges[${at}]`, range = ranges[at]!, min = nanosOf(range.min), max = nanosOf(range.max), expected = reached
    reached = max
    if (min === undefined) return [fieldError.invalid(`${field}.min`, range.min, 'must be a quantity, e.g. 500m or 4Gi')]
    if (max === undefined) return [fieldError.invalid(`${field}.max`, range.max, 'must be a quantity, e.g. 500m or 4Gi')]
    if (max <= min) return [fieldError.invalid(`${field}.max`, range.max, 'must be greater than min')]
    if (min === expected || expected === undefined) return []
    return [fieldError.invalid(`${field}.min`, range.min, position === 0 ? 'must be 0 in the first grade' : 'must be where the grade before ends')]
  })
  const [index, last] = ordered.at(-1)!
  if (errors.length === 0 && reached !== nanosOf(UNLIMITED)) errors.push(fieldError.invalid(`${path}[${index}].ranges[${last.ranges.findIndex((range) => range.name === name)}].max`, last.ranges.find((range) => range.name === name)!.max, `must be ${UNLIMITED} in the last grade`))
  return errors
}
