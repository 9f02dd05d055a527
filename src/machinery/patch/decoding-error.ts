import { jsonTypeName } from '../meta/json-value.ts'
import { StatusError } from '../meta/status-error.ts'

/** A patch of the wrong JSON type, in the words of Go's decoder. `before`: what a kube-apiserver says first, which is nothing for strategic merge patches. */
export const wrongType = (value: unknown, wanted: string, before = 'error decoding patch: '): StatusError => StatusError.badRequest(`${before}json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${wanted}`)
