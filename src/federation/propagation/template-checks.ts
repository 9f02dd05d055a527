import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { TargetKind } from '../template/target-kind.ts'
import { authorizeFederated, authorizeTemplate } from '../template/template-rights.ts'
import type { TemplateChecks } from '../template/template-strategy.ts'
import { templateReview, type ReviewOptions } from './review-template.ts'
import { validateFederated, validateV1Annotations } from './validate-template.ts'

/** A template that is about to be stored. `federated`: absent where it is written through a fleet, and keeps its placement. */
export interface Admitted { readonly target: TargetKind; readonly native: KubeObject; readonly old: KubeObject | undefined; readonly federated: FederatedObject | undefined; readonly isDryRun: boolean }

interface ChecksOptions extends ReviewOptions {
  readonly isStaged: (federated: FederatedObject) => boolean
  /** Throws StatusError Forbidden where a quota does not allow what is written. */
  readonly admit: (admitted: Admitted) => void
}

/** All that is asked about templates before they are stored. */
export function templateChecks(options: ChecksOptions): TemplateChecks {
  const review = templateReview(options)
  return {
    isStaged: options.isStaged,
    validate: validateFederated,
    validateNative: ({ metadata }, { kind }) => validateV1Annotations(kind, metadata.annotations),
    authorize: authorizeTemplate,
    authorizeFederated,
    review: async (target, native, old, write, signal, federated) => {
      options.admit({ target, native, old, federated, isDryRun: write.dryRun ?? false })
      await review(target, native, old, write, signal)
    },
  }
}
