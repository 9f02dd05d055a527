import type { KubeObject } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { equalJson } from '../../../machinery/meta/json-value.ts'
import { fieldError } from '../../../machinery/meta/status-error.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import { coreDefinitions } from './definitions.ts'

export interface Secret extends KubeObject {
  type?: string
  immutable?: boolean
  /** Values in base64. */
  data?: Record<string, string>
  /** Write-only: moved into `data`. */
  stringData?: Record<string, string>
}

const MAX_BYTES = 1024 * 1024

function prepare(secret: Secret): Secret {
  const { stringData, ...rest } = secret
  const added = Object.entries(stringData ?? {}).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const)
  return { ...rest, type: rest.type ?? 'Opaque', ...(added.length > 0 && { data: { ...rest.data, ...Object.fromEntries(added) } }) }
}

const schema = resolveSchema(coreDefinitions, 'io.k8s.api.core.v1.Secret')

export const secretKind = defineKind<Secret>({
  group: '', version: 'v1', kind: 'Secret', plural: 'secrets', scope: 'Namespaced', hasStatus: false,
  schema,
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'What the data is for.', cell: ({ type }) => type ?? '' },
    { name: 'Data', type: 'string', description: 'Number of values.', cell: ({ data }) => Object.keys(data ?? {}).length },
    ageColumn,
  ],
  fields: { type: ({ type }) => type ?? '' },
  strategy: wellFormed(schema, {
    prepareForCreate: prepare,
    prepareForUpdate: prepare,
    validate: ({ data = {} }) => [
      ...Object.keys(data).filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key)).map((key) => fieldError.invalid(`data[${key}]`, key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'")),
      ...(Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0) > MAX_BYTES ? [fieldError.tooLong('data', MAX_BYTES)] : []),
    ],
    validateUpdate: (secret, old) => [
      ...(secret.type === old.type ? [] : [fieldError.invalid('type', secret.type, 'field is immutable')]),
      ...(old.immutable && !(secret.immutable && equalJson(secret.data, old.data)) ? [fieldError.forbidden('data', 'field is immutable when `immutable` is set')] : []),
    ],
    allowUnconditionalUpdate: true,
  }),
})
