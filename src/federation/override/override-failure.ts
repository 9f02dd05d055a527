/** Why overrides cannot be applied to an object for a cluster. Thrown inside this folder only: whoever calls gets it as data. */
export type FailureReason = 'PatchFailed' | 'UnknownVariable' | 'Forbidden' | 'DuplicateCluster' | 'DuplicatePath' | 'UnsupportedOperator'

export class OverrideFailure extends Error {
  override readonly name = 'OverrideFailure'
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string) {
    super(message)
    this.reason = reason
  }
}

export const patchFailed = (message: string): OverrideFailure => new OverrideFailure('PatchFailed', message)
