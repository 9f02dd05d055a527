import type { Kind } from './core.ts'

/** Media types of PATCH. */
export const JSON_PATCH_TYPE = 'application/json-patch+json', MERGE_PATCH_TYPE = 'application/merge-patch+json', STRATEGIC_MERGE_TYPE = 'application/strategic-merge-patch+json', APPLY_TYPE = 'application/apply-patch+yaml'

/** Those that a kind takes, in the order in which messages and documents list them. */
export const patchTypes = ({ strategicMerge }: Pick<Kind, 'strategicMerge'>): readonly string[] => [JSON_PATCH_TYPE, MERGE_PATCH_TYPE, ...(strategicMerge ? [STRATEGIC_MERGE_TYPE] : []), APPLY_TYPE]
