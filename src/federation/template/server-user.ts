import type { WriteOptions } from '../../machinery/meta/core.ts'

/** Writes that this server makes by itself: nobody else's rights are asked. */
export const SERVER: WriteOptions = { user: { name: 'system:federation-apiserver', groups: ['system:masters'], extra: {} }, manager: 'federation-apiserver', authorize: () => Promise.resolve(), warn: () => undefined }
