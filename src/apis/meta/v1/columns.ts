import type { Column, KubeObject } from '../../../machinery/meta/core.ts'

/** The columns that nearly every kind has. */
export const nameColumn: Column = { name: 'Name', type: 'string', format: 'name', description: 'Unique among the objects of its kind, in its namespace where it has one.', cell: ({ metadata }) => metadata.name ?? '' }
export const ageColumn: Column = { name: 'Age', type: 'string', description: 'Time since the object was created.', cell: (object) => age(object) }

const age = ({ metadata }: KubeObject) => {
  const since = Date.parse(metadata.creationTimestamp ?? '')
  return Number.isNaN(since) ? '<unknown>' : { since }
}
