import type { Interpretation } from './interpretation.ts'
import { referencesOfPods } from './workload.ts'

/** Every running Job counts, even those of one name in several clusters. The latest times are the generic rule's. */
export const cronJob: Interpretation = {
  status(given) {
    const active = given.flatMap(({ value }) => (value['active'] as unknown[] | undefined) ?? [])
    return { active: active.length > 0 ? active : undefined }
  },
  references: referencesOfPods('spec.jobTemplate.spec.template'),
}
