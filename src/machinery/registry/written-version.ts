const MAX_UINT64 = (1n << 64n) - 1n

/** The resourceVersion that a written object names, as a kube-apiserver reads it; an empty one is 0, which names none (apiserver/pkg/storage/api_object_versioner.go). `mistake`: why it is no version. */
export function writtenVersion(text = ''): { readonly version: bigint; readonly mistake?: undefined } | { readonly version?: undefined; readonly mistake: 'invalid syntax' | 'value out of range' } {
  if (text === '') return { version: 0n }
  // A body may hold a number of millions of digits, which nobody should convert.
  if (!/^\d+$/.test(text)) return { mistake: 'invalid syntax' }
  const digits = text.replace(/^0+(?=\d)/, ''), version = digits.length > 20 ? undefined : BigInt(digits)
  return version === undefined || version > MAX_UINT64 ? { mistake: 'value out of range' } : { version }
}
