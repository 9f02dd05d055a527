/**
 * The one request that stock kubectl sends a fleet as protobuf (`auth can-i`), since its client has the type compiled in.
 * Field numbers: k8s.io/api/authorization/v1/generated.proto, k8s.io/apimachinery/pkg/runtime/generated.proto.
 */
interface ReviewSpec {
  resourceAttributes?: Record<string, string>
  nonResourceAttributes?: Record<string, string>
}

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0])
const ENVELOPE_RAW = 2, REVIEW_SPEC = 2, SPEC_RESOURCE = 1, SPEC_NON_RESOURCE = 2
const RESOURCE_FIELDS = new Map([[1, 'namespace'], [2, 'verb'], [3, 'group'], [4, 'version'], [5, 'resource'], [6, 'subresource'], [7, 'name']])
const NON_RESOURCE_FIELDS = new Map([[1, 'path'], [2, 'verb']])

/** The spec of a SelfSubjectAccessReview. Throws SyntaxError. */
export function decodeSelfReview(body: Buffer): ReviewSpec {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw new SyntaxError('the envelope of Kubernetes is missing')
  const review = member(member(body.subarray(MAGIC.length), ENVELOPE_RAW), REVIEW_SPEC), resource = find(review, SPEC_RESOURCE), path = find(review, SPEC_NON_RESOURCE)
  return { ...(resource && { resourceAttributes: texts(resource, RESOURCE_FIELDS) }), ...(path && { nonResourceAttributes: texts(path, NON_RESOURCE_FIELDS) }) }
}

const member = (message: Buffer, field: number): Buffer => find(message, field) ?? Buffer.alloc(0)
const find = (message: Buffer, field: number): Buffer | undefined => fields(message).findLast(([number]) => number === field)?.[1]
const texts = (message: Buffer, names: ReadonlyMap<number, string>): Record<string, string> =>
  Object.fromEntries(fields(message).flatMap(([number, value]) => { const name = names.get(number); return name === undefined ? [] : [[name, value.toString('utf8')]] }))

/** Length-delimited fields in order; others are skipped. */
function fields(message: Buffer): [number, Buffer][] {
  const found: [number, Buffer][] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[at++]
      if (byte === undefined) throw new SyntaxError('the message is cut short')
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new SyntaxError('a number is too long')
  }
  while (at < message.length) {
    const tag = varint(), type = tag & 7
    if (type === 0) varint()
    else if (type === 1) at += 8
    else if (type === 5) at += 4
    else if (type === 2) {
      const length = varint()
      if (at + length > message.length) throw new SyntaxError('the message is cut short')
      found.push([tag >>> 3, message.subarray(at, at + length)])
      at += length
    } else throw new SyntaxError(`wire type ${type} is unknown`)
  }
  return found
}
