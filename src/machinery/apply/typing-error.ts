/** A value does not fit its type at `path` (printed; '' is the whole object). Texts as in structured-merge-diff/typed. */
export interface TypingMistake { readonly path: string; readonly message: string }

/** All the mistakes of a value. What users sent becomes an answer with the same text; in what is stored it is a bug of whoever stored it. */
export class TypingError extends Error {
  override readonly name = 'TypingError'
  readonly mistakes: readonly TypingMistake[]

  constructor(mistakes: readonly TypingMistake[]) {
    const texts = mistakes.map(({ path, message }) => (path ? `${path}: ${message}` : message))
    super(texts.length === 1 ? texts[0] : ['errors:', ...texts.map((text) => `  ${text}`)].join('\n'))
    this.mistakes = mistakes
  }
}
