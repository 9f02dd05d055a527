import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openApiFiles } from '../openapi/documents.ts'

test('openapi/ is what the interfaces say: run `npm run generate` after changing them', { timeout: 300_000 }, async () => {
  const files = await openApiFiles(), present = Object.keys(files).map((name) => [name, readFileSync(path.resolve(import.meta.dirname, '../openapi', name), 'utf8')])
  expect(Object.fromEntries(present)).toEqual(files)
})
