/** Texts for people, so many of them at most: `a, b, c and 4 more`. */
export const listed = (texts: readonly string[], most: number): string => `${texts.slice(0, most).join(', ')}${texts.length > most ? ` and ${texts.length - most} more` : ''}`
