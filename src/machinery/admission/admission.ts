import type { KubeObject, User } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE'

/** What is asked for, by whom. */
export interface AdmissionAttributes {
  readonly operation: Operation
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string; readonly plural: string; readonly namespaced: boolean }
  readonly subresource?: string
  readonly namespace?: string
  /** '' where it is not chosen yet. */
  readonly name: string
  readonly user: User
  readonly dryRun: boolean
  /** CreateOptions, UpdateOptions or DeleteOptions, as hooks are told. */
  readonly options: Readonly<Record<string, unknown>>
  /** Collects texts for `Warning: 299` headers. */
  readonly warn: (text: string) => void
}

/**
 * Who else decides about writes. `object` is undefined for a deletion, `old` for a creation; both have apiVersion and kind.
 * Called for every attempt: a write that lost a race is decided about again, with what is there then.
 */
export interface Admission {
  /** Before the server's own checks; answers the object to go on with. Errors: StatusError that refuses. */
  mutate(attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, signal: AbortSignal): Promise<KubeObject | undefined>
  /** About the very object that will be stored. Errors: StatusError that refuses. */
  validate(attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, signal: AbortSignal): Promise<void>
}

/** 403 as admission words it. */
export const refused = ({ kind, name }: AdmissionAttributes, why: string): StatusError => StatusError.forbidden({ group: kind.group, resource: kind.plural }, name, why)
