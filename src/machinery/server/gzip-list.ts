import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import { ChunkSink, recycle } from '../cache/chunk-sink.ts'
import type { Entry } from '../meta/core.ts'
import { put, type ListMeta, type Shape } from './shape.ts'

/**
 * A large list as one gzip of parts that were compressed before: each run of a snapshot is, for as long as nothing in it changes, the same array. Deflate data that ends at a byte (a sync flush) can be put together,
 * and the checksum of the whole follows from those of the parts.
 *
 *     header · head of the list · run · run · … · tail · final block, checksum, length
 */
export async function* gzipList(shape: Shape, runs: readonly (readonly Entry[])[], meta: ListMeta, now: number): AsyncGenerator<Uint8Array> {
  let checksum = 0, length = 0
  const add = ({ bytes, crc, plainLength }: Part): Buffer => {
    checksum = combine(checksum, crc, plainLength)
    length += plainLength
    return bytes
  }
  yield HEADER
  yield add(await compress([Buffer.from(shape.listStart(meta, false))]))
  // Compressed by other threads: the next is begun before this one is written.
  for (const [at, run] of runs.entries()) {
    const part = partOf(shape, run, at === 0, now), next = runs[at + 1]
    // One that fails is told of when it is waited for.
    if (next) partOf(shape, next, false, now).catch(() => undefined)
    yield add(await part)
  }
  yield add(await compress([Buffer.from(`${shape.listEnd(false)}\n`)]))
  const end = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  end.writeUInt32LE(checksum, 2)
  end.writeUInt32LE(length % 2 ** 32, 6)
  yield end
}

/** Deflate data that ends at a byte, and what it stands for. */
interface Part { readonly bytes: Buffer; readonly crc: number; readonly plainLength: number }
/** Of a run: as the first of a list, and behind others, where a comma comes before it. */
interface Parts { first?: Promise<Part>; other?: Promise<Part> }

const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]), deflate = promisify(deflateRaw)

/** Lives as long as the run does: about a tenth of the bytes that are held, once somebody has asked for gzip. */
const known = new WeakMap<Shape, WeakMap<readonly Entry[], Parts>>()

function partOf(shape: Shape, run: readonly Entry[], isFirst: boolean, now: number): Promise<Part> {
  let ofShape = known.get(shape)
  if (!ofShape) known.set(shape, (ofShape = new WeakMap()))
  let parts = ofShape.get(run)
  if (!parts) ofShape.set(run, (parts = {}))
  const which = isFirst ? 'first' : 'other', made = parts[which]
  if (made) return made
  const making = compressRun(shape, run, isFirst, now)
  parts[which] = making
  // Who reads the list is told; the next one tries again.
  making.catch(() => { delete parts[which] })
  return making
}

async function compressRun(shape: Shape, run: readonly Entry[], isFirst: boolean, now: number): Promise<Part> {
  const sink = new ChunkSink()
  for (const [at, entry] of run.entries()) {
    if (at > 0 || !isFirst) put(sink, ',')
    shape.item(sink, entry, now)
  }
  const chunks = sink.end(), part = await compress(chunks)
  for (const chunk of chunks) recycle(chunk)
  return part
}

async function compress(chunks: readonly Buffer[]): Promise<Part> {
  const plain = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  return { bytes: await deflate(plain, { level: constants.Z_BEST_SPEED, finishFlush: constants.Z_SYNC_FLUSH }), crc: crc32(plain), plainLength: plain.length }
}

/**
 * The checksum of two parts put together: the first one's, moved on by as many zero bytes as the second one has, and the second one's added. A checksum is a polynomial over two elements; moving it on by a bit is
 * multiplying by x, so by n bytes it is multiplying by x^8n, which takes as many squarings as n has digits.
 */
function combine(first: number, second: number, secondLength: number): number {
  let power = X_TO_8, factor = ONE
  for (let rest = secondLength; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) factor = multiply(factor, power)
    power = multiply(power, power)
  }
  return (multiply(factor, first) ^ second) >>> 0
}

/** The highest bit is x^0, as in gzip's reflected checksum. */
const ONE = 0x8000_0000, X_TO_8 = 0x0080_0000, POLYNOMIAL = 0xedb8_8320

function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= b
    b = (b & 1) === 1 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1
  }
  return product >>> 0
}
