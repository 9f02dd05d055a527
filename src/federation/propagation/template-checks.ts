import { authorizeFederated, authorizeTemplate } from '../template/template-rights.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { TemplateChecks } from '../template/template-strategy.ts'
import { templateReview, type ReviewOptions } from './review-template.ts'
import { validateFederated, validateV1Annotations } from './validate-template.ts'

/** All that is asked about templates before they are stored. */
export const templateChecks = (options: ReviewOptions & { readonly isStaged: (federated: FederatedObject) => boolean }): TemplateChecks => ({
  isStaged: options.isStaged,
  validate: validateFederated,
  validateNative: ({ metadata }, { kind }) => validateV1Annotations(kind, metadata.annotations),
  authorize: authorizeTemplate,
  authorizeFederated,
  review: templateReview(options),
})
