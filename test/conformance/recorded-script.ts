import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { JsonObject } from '../../src/machinery/meta/json-value.ts'
import { parseJson } from '../../src/machinery/meta/json.ts'

/** One request of a recorded conversation; texts may hold `${captured.path}`. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[]>>
  readonly rawQuery?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly accept?: string
  /** Absent: application/json if there is a body; null: no header. */
  readonly contentType?: string | null
  /** `{}`: no credentials at all. Absent: the administrator. */
  readonly auth?: { readonly bearer?: string }
  readonly body?: unknown
  readonly raw?: unknown
  readonly base64?: string
  readonly capture?: string
}

export interface RecordedStep {
  readonly describe?: string
  readonly request?: RecordedRequest
  readonly answer: JsonObject
  readonly needs?: readonly string[]
  readonly compare?: string | { readonly pick?: readonly string[]; readonly match?: readonly string[]; readonly names?: unknown }
  readonly capture?: string
  readonly captureHeader?: Readonly<Record<string, string>>
  readonly recordHeaders?: readonly string[]
  readonly on?: 'host'
  readonly sleep?: number
  readonly bytes?: number
  readonly wait?: { readonly status: number; readonly seconds?: number }
  readonly watch?: string
  readonly websocket?: boolean
  readonly collect?: string
  readonly count?: number
  readonly deadline?: number
  readonly quiet?: number
  readonly bookmarks?: boolean
  readonly sorted?: boolean
  readonly close?: boolean
}

export interface RecordedScript {
  readonly name: string
  readonly needs?: readonly string[]
  /** Namespaces that are not made. */
  readonly absent?: readonly string[]
  readonly setup?: readonly RecordedRequest[]
  readonly steps: readonly RecordedStep[]
  readonly rvOrder?: 'ascending' | readonly number[]
}

const FOLDER = path.resolve(import.meta.dirname, '../cases/rest/scripts')
export const recordedScripts = (): RecordedScript[] => readdirSync(FOLDER).filter((name) => name.endsWith('.json')).sort().map((name) => parseJson(readFileSync(path.join(FOLDER, name), 'utf8')) as RecordedScript)
export const fixture = (name: string): string => readFileSync(path.resolve(import.meta.dirname, '../cases/rest/fixtures', name), 'utf8')
