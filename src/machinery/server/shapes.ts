import type { Kind, Request } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { Representation } from './negotiation.ts'
import { notAcceptable } from './negotiation.ts'
import { metadataShape, plainShape } from './object-shapes.ts'
import type { Shape } from './shape.ts'
import type { IncludeObject } from './table.ts'
import { tableShape } from './table.ts'

/**
 * The shape that a request negotiated for an object, a list or a watch of a kind. One shape per kind and representation serves all requests, so that they share encodings.
 * Throws StatusError NotAcceptable where an object is asked for as a list or the other way round, BadRequest for an unknown includeObject.
 */
export function shapeFor(kind: Kind, { transform }: Representation, query: Request['query'], of: 'object' | 'list' | 'watch'): Shape {
  if (!transform) return memo(kind, 'plain', () => plainShape(kind))
  if (transform.as === 'Table') {
    const include = includeObject(query)
    return memo(kind, `${include} ${transform.version}`, () => tableShape(kind, include, transform.version))
  }
  if (of === 'list' && transform.as === 'PartialObjectMetadata') throw notAcceptable('you requested PartialObjectMetadata, but the requested object is a list (*unstructured.UnstructuredList)')
  if (of === 'object' && transform.as === 'PartialObjectMetadataList') throw notAcceptable('you requested PartialObjectMetadataList, but the requested object is not a list (*unstructured.Unstructured)')
  return memo(kind, `metadata ${transform.version}`, () => metadataShape(transform.version))
}

const INCLUDES = new Map<string, IncludeObject>([['', 'Metadata'], ['Metadata', 'Metadata'], ['Object', 'Object'], ['None', 'None']])

function includeObject(query: URLSearchParams): IncludeObject {
  const asked = query.get('includeObject') ?? '', include = INCLUDES.get(asked)
  if (include) return include
  throw StatusError.badRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(asked)}: must be 'Metadata', 'Object', 'None', or empty`)
}

const shapes = new WeakMap<Kind, Map<string, Shape>>()

function memo(kind: Kind, name: string, make: () => Shape): Shape {
  let ofKind = shapes.get(kind)
  if (!ofKind) shapes.set(kind, (ofKind = new Map()))
  let shape = ofKind.get(name)
  if (!shape) ofKind.set(name, (shape = make()))
  return shape
}
