import { authorizeFederated, authorizeTemplate } from '../template/template-rights.ts'
import type { TemplateChecks } from '../template/template-strategy.ts'
import { templateReview, type ReviewOptions } from './review-template.ts'
import { validateFederated, validateV1Annotations } from './validate-template.ts'

/** All that is asked about templates before they are stored. */
export const templateChecks = (options: ReviewOptions): TemplateChecks => ({
  validate: validateFederated,
  validateNative: ({ metadata }, { kind }) => validateV1Annotations(kind, metadata.annotations),
  authorize: authorizeTemplate,
  authorizeFederated,
  review: templateReview(options),
})
