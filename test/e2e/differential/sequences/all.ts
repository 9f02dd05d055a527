import type { Sequences } from '../requests.ts'
import { more } from './more.ts'
import { objects } from './objects.ts'
import { patches } from './patches.ts'
import { reads } from './reads.ts'
import { schemas } from './schemas.ts'

export const SEQUENCES: Sequences = { ...objects, ...patches, ...schemas, ...reads, ...more }
