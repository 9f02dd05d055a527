import type { DeleteOptions, Kind, KubeObject, WriteOptions } from './core.ts'
import type { FieldError } from './status-error.ts'

/** What differs between stored kinds when they are written. All of it is pure but `authorize` and `review`; the registry calls the hooks in the order written here. */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** Why a name is not allowed; empty: it is. Default: DNS-1123 subdomain. */
  readonly validateName?: (this: void, name: string) => readonly string[]
  /** Sets what the server owns; the result is stored. Status is already cleared (create) or the old one's (update). `now` in milliseconds since the epoch. */
  readonly prepareForCreate?: (this: void, object: T, now: number) => T
  readonly prepareForUpdate?: (this: void, object: T, old: T, now: number) => T
  /** What the schema cannot say. Called for create and update, of the main resource and of status. */
  readonly validate?: (this: void, object: T) => readonly FieldError[]
  readonly validateUpdate?: (this: void, object: T, old: T) => readonly FieldError[]
  readonly warnings?: (this: void, object: T, old: T | undefined) => readonly string[]
  /** Permission that depends on old and new; `object` undefined: a deletion. Throws StatusError Forbidden. */
  readonly authorize?: (this: void, object: T | undefined, old: T | undefined, options: WriteOptions) => Promise<void>
  /** What only others can say of a valid object, e.g. a cluster that it is meant for. Throws StatusError to refuse. */
  readonly review?: (this: void, object: T, old: T | undefined, options: WriteOptions, signal: AbortSignal) => Promise<void>
  /** What a deletion leaves in an object that finalizers keep: how it is to be carried out. Called once it is marked for the first time. */
  readonly prepareForDelete?: (this: void, marked: T, options: DeleteOptions) => T
  /** PUT of a name that does not exist creates it. Default: false. */
  readonly allowCreateOnUpdate?: boolean
  /** PUT without resourceVersion overwrites whatever is there. Default: false, as for custom resources. */
  readonly allowUnconditionalUpdate?: boolean
}

/** A kind that this server stores: `Kind` is what readers need, the strategy what writers need. */
export interface StoredKind<T extends KubeObject = KubeObject> extends Kind<T> {
  readonly strategy: Strategy<T>
  readonly hasStatus: boolean
  readonly schema: (signal: AbortSignal) => Promise<import('./json-schema.ts').JsonSchema>
}
