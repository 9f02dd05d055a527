import { StatusError } from '../meta/status-error.ts'

/** A patch of the wrong JSON type, in the words of Go's decoder. `before`: what a kube-apiserver says first, which is nothing for strategic merge patches. */
export const wrongType = (value: unknown, wanted: string, before = 'error decoding patch: '): StatusError => StatusError.badRequest(`${before}json: cannot unmarshal ${goName(value)} into Go value of type ${wanted}`)

const goName = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : typeof value === 'number' || JSON.isRawJSON(value) ? 'number' : 'object')
