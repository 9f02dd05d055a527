import { createHash } from 'node:crypto'
import type { Headers, Request, Response } from '../meta/core.ts'
import { header } from '../meta/headers.ts'
import { stringifyJson } from '../meta/json.ts'

/** A document in bytes, with the hash under which clients keep it. */
export interface HashedDocument { readonly bytes: Buffer; readonly hash: string }

const inJson = (document: object) => Buffer.from(stringifyJson(document)), memos = new WeakMap<(document: object) => Buffer, WeakMap<object, HashedDocument>>()

/** Encoded once per object and encoding: whoever serves documents hands out the same one until it changes. */
export function hashed(document: object, encode: (document: object) => Buffer = inJson): HashedDocument {
  let documents = memos.get(encode)
  if (!documents) memos.set(encode, (documents = new WeakMap()))
  let known = documents.get(document)
  if (!known) {
    const bytes = encode(document)
    documents.set(document, (known = { bytes, hash: createHash('sha512').update(bytes).digest('hex').toUpperCase() }))
  }
  return known
}

/** The document, or 304 where the client has it already. */
export function respondHashed({ bytes, hash }: HashedDocument, request: Pick<Request, 'headers'>, type: string, headers: Headers): Response {
  const etag = `"${hash}"`, all: Headers = [['etag', etag], ['vary', 'Accept'], ...headers]
  if (header(request.headers, 'if-none-match') === etag) return { status: 304, headers: all, body: new Uint8Array() }
  return { status: 200, headers: [['content-type', type], ['content-length', String(bytes.length)], ...all], body: bytes }
}
