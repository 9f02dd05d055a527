import { StatusError } from '../meta/status-error.ts'

/** A patch that is understood and does not fit; a kube-apiserver keeps the reason to itself. */
export const rejected = (): StatusError => new StatusError('Invalid', 'the server rejected our request due to an error in our request', { details: {} })

/** Where a kube-apiserver answers the plain error of its library: 500, without a reason. */
export const failed = (text: string): StatusError => new StatusError('', text)
