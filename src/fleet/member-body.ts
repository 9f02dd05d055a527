import type { Kind, Request } from '../machinery/meta/core.ts'
import { equalJson, isJsonObject, type JsonObject } from '../machinery/meta/json-value.ts'
import { stringifyJson } from '../machinery/meta/json.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { checkName, decode, decodeObject, formatOf, mediaType, readBody } from '../machinery/server/body.ts'
import { decodeEnvelope, decodeMessage, messageOf, PROTOBUF_TYPE } from '../machinery/schema/protobuf.ts'
import { inMemberTerms, operationsInTerms, optionsInTerms, type MemberTerms } from './member-terms.ts'

/** `type` '': there is nothing. */
export interface Body { readonly bytes: Buffer; readonly type: string }

/** What an object in a body must be. */
export type BodyKind = Pick<Kind, 'group' | 'version' | 'kind' | 'namespaced'>

/**
 * The body of a write to an object that is there, `name` in the fleet, in the terms of its member. What needs no translation goes on as it came, and what cannot be read is for the member to refuse.
 * Errors: StatusError BadRequest and UnsupportedMediaType.
 */
export async function bodyInTerms(request: Request, { kind, namespace, name }: { readonly kind: BodyKind; readonly namespace: string; readonly name: string }, terms: MemberTerms): Promise<Body> {
  const bytes = await readBody(request), type = mediaType(request), asItCame = { bytes, type: bytes.length === 0 ? '' : type }
  if (bytes.length === 0) return asItCame
  if (request.method === 'PUT' || request.method === 'POST') {
    const object = decodeObject(bytes, formatOf(request, kind), kind, namespace)
    return objectBody(await inMemberTerms(request.method === 'PUT' ? checkName(object, name) : object, terms))
  }
  const given = request.method === 'DELETE' && type === PROTOBUF_TYPE ? optionsMessage(bytes) : readable(bytes, type)
  if (given === undefined) return asItCame
  const translated = Array.isArray(given) ? await operationsInTerms(given, terms) : isJsonObject(given) ? await (request.method === 'DELETE' ? optionsInTerms : inMemberTerms)(given, terms) : given
  return equalJson(translated, given) ? asItCame : { bytes: Buffer.from(stringifyJson(translated)), type: request.method === 'DELETE' ? JSON_TYPE : type }
}

export const objectBody = (object: object): Body => ({ bytes: Buffer.from(stringifyJson(object)), type: JSON_TYPE })

/** JSON and YAML, and every kind of patch that is one of them. */
const TEXT = /^(?:|application\/(?:json|yaml|json-patch\+json|merge-patch\+json|strategic-merge-patch\+json|apply-patch\+yaml))$/, JSON_TYPE = 'application/json'

/** Undefined where it is neither, or malformed, which is for whoever gets it to refuse. Throws what `decode` does but for SyntaxError. */
export function readable(bytes: Buffer, type: string): unknown {
  if (!TEXT.test(type)) return undefined
  try {
    return decode(bytes, type.endsWith('yaml') ? 'yaml' : 'json')
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** DeleteOptions in protobuf. Throws StatusError BadRequest. */
export function optionsMessage(bytes: Buffer): JsonObject {
  try {
    const { message, ...type } = decodeEnvelope(bytes)
    return { ...decodeMessage(messageOf({ group: '', version: 'v1', kind: 'DeleteOptions' })!, message), ...type }
  } catch (error) {
    throw StatusError.badRequest((error as Error).message)
  }
}
