/** Where state is kept, and which replica leads: a SQLite file of one server, or an etcd that several share. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import { LeaseLeadership } from '../host/leases.ts'
import { systemClock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Handler, Storage } from '../machinery/meta/core.ts'
import { encryptedStorage } from '../machinery/storage/encrypted-storage.ts'
import { SqliteStorage } from '../machinery/storage/sqlite-storage.ts'
import { ValueCipher } from '../machinery/storage/value-cipher.ts'

/** Files are PEM. */
export interface EtcdOptions {
  readonly servers: readonly string[]
  readonly prefix: string
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}

/** Where state is kept, and by which keys (a file as ValueCipher reads it); undefined: in a SQLite file, and in the clear. */
export interface StoreOptions { readonly etcd?: EtcdOptions | undefined; readonly encryptionKeyFile?: string | undefined }

export interface StoreFlags { etcdServers?: string; etcdPrefix: string; etcdCafile?: string; etcdCertfile?: string; etcdKeyfile?: string; encryptionKeyFile?: string }

/** The names are kube-apiserver's. */
export const withStoreFlags = (command: Command): Command => command
  .option('--etcd-servers <urls>', 'etcd that holds the store, e.g. https://10.0.0.1:2379,https://10.0.0.2:2379: several servers may share it; default: a SQLite file in the data directory')
  .option('--etcd-prefix <prefix>', 'what all keys in etcd begin with', '/federation')
  .option('--etcd-cafile <file>', 'authority that signed the certificates of etcd; default: those that Node trusts')
  .option('--etcd-certfile <file>', 'client certificate for etcd')
  .option('--etcd-keyfile <file>', 'key of --etcd-certfile')
  .option('--encryption-key-file <file>', 'keys, a line each, NAME:BASE64 of 32 bytes, by which what is stored is encrypted (AES-256-GCM): the first for writing, all for reading; default: none')

export const storeOptions = (flags: StoreFlags, program: Command): StoreOptions => ({ etcd: etcdOptions(flags, program), encryptionKeyFile: flags.encryptionKeyFile })

/** Undefined: SQLite. */
function etcdOptions({ etcdServers, etcdPrefix, etcdCafile, etcdCertfile, etcdKeyfile }: StoreFlags, program: Command): EtcdOptions | undefined {
  if (etcdServers === undefined && (etcdCafile ?? etcdCertfile ?? etcdKeyfile) !== undefined) program.error('error: --etcd-cafile, --etcd-certfile and --etcd-keyfile need --etcd-servers')
  if ((etcdCertfile === undefined) !== (etcdKeyfile === undefined)) program.error('error: --etcd-certfile and --etcd-keyfile go together')
  if (etcdServers === undefined) return undefined
  return { servers: etcdServers.split(',').map((server) => server.trim().replace(/\/$/, '')).filter(Boolean), prefix: etcdPrefix, caFile: etcdCafile, certFile: etcdCertfile, keyFile: etcdKeyfile }
}

/** Errors: Error with a sentence for people. */
export async function openStore({ etcd, encryptionKeyFile }: StoreOptions, dataDir: string, logger: Logger, signal: AbortSignal): Promise<Storage> {
  const cipher = cipherOf(await read('--encryption-key-file', encryptionKeyFile)), storage = await openPlain(etcd, dataDir, logger, signal)
  return cipher ? encryptedStorage(storage, cipher) : storage
}

function cipherOf(file: string | undefined): ValueCipher | undefined {
  try { return file === undefined ? undefined : new ValueCipher(file) } catch (error) { throw new Error(`--encryption-key-file: ${error instanceof Error ? error.message : String(error)}`, { cause: error }) }
}

async function openPlain(etcd: EtcdOptions | undefined, dataDir: string, logger: Logger, signal: AbortSignal): Promise<Storage> {
  if (!etcd) return SqliteStorage.open(path.join(dataDir, 'store.db'), { onFailure: (error) => logger.error({ error: error.message }, 'the store failed') })
  const { servers, prefix, caFile, certFile, keyFile } = etcd, [authority, certificate, key] = await Promise.all([read('--etcd-cafile', caFile), read('--etcd-certfile', certFile), read('--etcd-keyfile', keyFile)])
  const tls = { ...(authority !== undefined && { authority }), ...(certificate !== undefined && { certificate }), ...(key !== undefined && { key }) }
  // gRPC takes a while to load, and most servers need none of it.
  const { EtcdStorage } = await import('../machinery/storage/etcd-storage.ts')
  return EtcdStorage.open({ servers, prefix, logger, ...(Object.keys(tls).length > 0 && { tls }) }, signal)
}

/** Which of the replicas leads, by the Lease that has the Service's name. */
export function leadershipOf(host: Handler, { namespace, serviceName }: { readonly namespace: string; readonly serviceName: string }, logger: Logger): LeaseLeadership {
  return new LeaseLeadership({ host, namespace, name: serviceName, identity: `${hostname()}_${randomUUID()}`, clock: systemClock, random: Math.random, logger })
}

async function read(flag: string, file: string | undefined): Promise<string | undefined> {
  try {
    return file === undefined ? undefined : await readFile(file, 'utf8')
  } catch (error) {
    throw new Error(`${flag} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
