import { jsonTypeName } from '../meta/json-value.ts'
import { StatusError } from '../meta/status-error.ts'

/** A patch of the wrong JSON type, in the words of Go's decoder. */
export const wrongType = (value: unknown, wanted: string): StatusError => StatusError.badRequest(`error decoding patch: json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${wanted}`)
