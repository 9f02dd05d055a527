/** No vowels, and no 0, 1, 3: names that come out do not read as words. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX_LENGTH = 5, MAX_PREFIX_BYTES = 63 - SUFFIX_LENGTH

/** What generateName becomes: the prefix cut to 58 characters, and a random suffix behind it (apiserver/pkg/storage/names). */
export const generateName = (prefix: string, suffix: string): string => Buffer.from(prefix).subarray(0, MAX_PREFIX_BYTES).toString() + suffix

/** Five characters. `random` as Math.random. */
export const nameSuffix = (random: () => number): string => Array.from({ length: SUFFIX_LENGTH }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]!).join('')
