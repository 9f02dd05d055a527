import type { Headers } from '../meta/core.ts'
import { headerValues } from '../meta/headers.ts'

/** Texts of `Warning: 299` headers, as they were before they were quoted. */
export const warningTexts = (headers: Headers): string[] => headerValues(headers, 'warning').flatMap((value) =>
  [...Buffer.from(value, 'latin1').toString().matchAll(/\b\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1')))
