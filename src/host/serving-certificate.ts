import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { createAuthority, isUsable, issueCertificate, type KeyPair } from './certificates.ts'
import { X509Certificate } from 'node:crypto'

/** Where certificates are kept, by the keys of `KEYS`. */
export interface CertificateStore {
  /** Undefined: nothing is kept yet. `version` is what `write` expects. */
  read(signal: AbortSignal): Promise<{ readonly data: Readonly<Record<string, string>>; readonly version: string } | undefined>
  /** False: another replica was faster; read again. */
  write(data: Readonly<Record<string, string>>, version: string | undefined, signal: AbortSignal): Promise<boolean>
}

/** What the server shows of itself. `bundle` holds the authority, and the one before it for as long as that is valid. */
export interface ServingMaterial { readonly authority: KeyPair; readonly serving: KeyPair; readonly bundle: string }

interface ServingOptions { readonly store: CertificateStore; readonly names: readonly string[]; readonly clock: Clock; readonly logger: Logger }

const DAY_MS = 86_400_000, AUTHORITY_DAYS = 3650, AUTHORITY_MARGIN_MS = 365 * DAY_MS, SERVING_DAYS = 90, SERVING_MARGIN_MS = 30 * DAY_MS
const CHECK_MS = 10 * 60_000

/**
 * The server's own authority and serving certificate for `names` (DNS names and addresses): made at the first start, renewed a month before they end, shared by replicas through the store.
 */
export class ServingCertificate {
  readonly #options: ServingOptions
  #current: ServingMaterial

  private constructor(options: ServingOptions, current: ServingMaterial) {
    this.#options = options
    this.#current = current
  }

  static async open(options: ServingOptions, signal: AbortSignal): Promise<ServingCertificate> { return new ServingCertificate(options, await agreed(options, signal)) }

  get current(): ServingMaterial { return this.#current }

  /** Looks again every ten minutes until the signal aborts; `onChange` is told what is to be shown from now on. */
  async keep(onChange: (material: ServingMaterial) => void, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options
    while (!signal.aborted) {
      await clock.sleep(CHECK_MS, signal)
      if (signal.aborted) return
      try {
        const next = await agreed(this.#options, signal)
        if (next.serving.certificate === this.#current.serving.certificate && next.bundle === this.#current.bundle) continue
        this.#current = next
        onChange(next)
      } catch (error) {
        if (!signal.aborted) logger.error({ error }, `the serving certificate cannot be checked: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
}

/** Reads, renews what needs it, and writes; a lost race means that another replica did the same. */
async function agreed({ store, names, clock }: ServingOptions, signal: AbortSignal): Promise<ServingMaterial> {
  for (;;) {
    const kept = await store.read(signal), next = await renewed(kept?.data ?? {}, names, clock.now())
    if (!next.isNew || (await store.write(next.data, kept?.version, signal))) return next.material
  }
}

async function renewed(data: Readonly<Record<string, string>>, names: readonly string[], now: number): Promise<{ isNew: boolean; data: Readonly<Record<string, string>>; material: ServingMaterial }> {
  const { 'ca.crt': bundle = '', 'ca.key': authorityKey = '', 'tls.crt': certificate = '', 'tls.key': key = '' } = data, first = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/.exec(bundle)?.[0] ?? ''
  const kept: KeyPair = { certificate: first, key: authorityKey }, isAuthorityUsable = isUsable(kept, first, [], now, AUTHORITY_MARGIN_MS)
  const authority = isAuthorityUsable ? kept : await createAuthority('federation-apiserver', { now, days: AUTHORITY_DAYS })
  const serving = isUsable({ certificate, key }, authority.certificate, names, now, SERVING_MARGIN_MS) ? { certificate, key } : await issueCertificate(authority, { commonName: names[0] ?? 'federation-apiserver', names }, { now, days: SERVING_DAYS })
  // Clients that have only the old authority must not be locked out before they have read the new one.
  const bundled = isAuthorityUsable ? bundle : `${authority.certificate}${isValid(first, now) ? first : ''}`
  const next = { 'ca.crt': bundled, 'ca.key': authority.key, 'tls.crt': serving.certificate, 'tls.key': serving.key }
  return { isNew: !isAuthorityUsable || serving.certificate !== certificate, data: next, material: { authority, serving, bundle: bundled } }
}

function isValid(pem: string, now: number): boolean {
  try {
    return Date.parse(new X509Certificate(pem).validTo) > now
  } catch {
    return false
  }
}
