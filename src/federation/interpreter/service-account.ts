import { listAt, textAt, withField } from './fields.ts'
import type { Interpretation } from './interpretation.ts'

/** Token Secrets are made by each member. */
export const serviceAccount: Interpretation = {
  own: [['secrets'], ['imagePullSecrets']],
  unsent(template) {
    const secrets = listAt(template, 'secrets'), left = secrets.filter((secret) => !textAt(secret, 'name')?.startsWith(`${template.metadata.name ?? ''}-token-`))
    return left.length === secrets.length ? template : withField(template, 'secrets', left.length > 0 ? left : undefined)
  },
}
