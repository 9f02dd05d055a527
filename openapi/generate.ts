/** `npm run generate`: writes the schemas that the server loads, from the interfaces in src/apis. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { openApiFiles } from './documents.ts'

for (const [name, text] of Object.entries(await openApiFiles())) {
  writeFileSync(path.join(import.meta.dirname, name), text)
  console.log(`openapi/${name}`)
}
