import { InvalidArgumentError, type Command } from 'commander'
import { defaultFailover, type FailoverOptions } from '../federation/scheduler/evict/failover-options.ts'
import { parseQuantity, valueOf } from '../machinery/meta/quantity.ts'
import { parseDurationMs } from '../machinery/server/filters/deadline.ts'
import { failoverOptions, withFailoverFlags, type FailoverFlags } from './failover-options.ts'

/** How the server is run, whatever it serves. */
export interface OperationOptions {
  /** Copies that may be removed in a minute because a placement changed; 0: any number. */
  readonly maxRemovalsPerMinute: number
  /** How failing clusters are left. */
  readonly failover: FailoverOptions
  /** Bytes of JSON that one kind of one member may take in memory. */
  readonly cacheBytesMax: number
  /** States of members come as streams where they have that. */
  readonly streamsLists: boolean
  /** Absent: nothing is recorded. */
  readonly auditPolicyFile: string | undefined
  /** '-': standard output. */
  readonly auditLogPath: string
  readonly goawayChance: number
  readonly maxReadingInFlight: number
  readonly maxMutatingInFlight: number
  readonly requestTimeoutMs: number
  readonly shutdownDelayMs: number
  /** Serving certificate and key from files, which are followed. Absent: the server makes its own. */
  readonly tlsFiles: { readonly certificate: string; readonly key: string } | undefined
}

export interface OperationFlags extends FailoverFlags {
  auditPolicyFile?: string
  auditLogPath: string
  goawayChance: number
  maxRemovalsPerMinute: number
  cacheBytesMax: number
  streamLists: boolean
  maxRequestsInflight: number
  maxMutatingRequestsInflight: number
  requestTimeout: number
  shutdownDelayDuration: number
  tlsCertFile?: string
  tlsPrivateKeyFile?: string
}

const MAX_GOAWAY_CHANCE = 0.02, CACHE_BYTES_MAX = 2 ** 30

/** The names are kube-apiserver's, where it has the flag. */
export function withOperationFlags(command: Command): Command {
  const number = (check: (value: number) => boolean, what: string) => (text: string) => {
    const value = Number(text)
    if (text.trim() === '' || !check(value)) throw new InvalidArgumentError(`must be ${what}`)
    return value
  }
  const duration = (text: string) => {
    const ms = parseDurationMs(text)
    if (ms === undefined || ms < 0) throw new InvalidArgumentError('must be a duration such as 1m30s')
    return ms
  }
  const bytes = (text: string) => {
    const quantity = parseQuantity(text)
    if (!quantity || quantity.nano <= 0n) throw new InvalidArgumentError('must be a quantity above 0, such as 512Mi')
    return Number(valueOf(quantity))
  }
  const count = number((value) => Number.isInteger(value) && value >= 1, 'a whole number above 0')
  return withFailoverFlags(command)
    .option('--audit-policy-file <file>', 'Policy of audit.k8s.io/v1 that says what is recorded; default: nothing is')
    .option('--audit-log-path <file>', "where audit events are appended, one JSON object a line; '-' is standard output", '-')
    .option('--cache-bytes-max <quantity>', 'memory that the objects of one kind of one cluster may take; lists and watches of a kind that is larger are refused (503)', bytes, CACHE_BYTES_MAX)
    .option('--stream-lists', 'read what there is of a kind in a cluster as one stream (WatchList) where the cluster has that, rather than in pages: less memory there, more processor time on both sides', false)
    .option('--goaway-chance <fraction>', 'share of HTTP/2 requests after which the client is told to connect again, so that load spreads over replicas', number((value) => value >= 0 && value <= MAX_GOAWAY_CHANCE, `0 to ${MAX_GOAWAY_CHANCE}`), 0)
    .option('--max-removals-per-minute <count>', 'copies that may be removed from clusters in a minute because a placement changed, so that a mistake can be stopped; 0: any number', number((value) => Number.isInteger(value) && value >= 0, 'a whole number'), 120)
    .option('--max-requests-inflight <count>', 'reading requests at a time, beyond which 429 is answered', count, 400)
    .option('--max-mutating-requests-inflight <count>', 'writing requests at a time, beyond which 429 is answered', count, 200)
    .option('--request-timeout <duration>', 'how long a request may take; watches and connections excepted', duration, 60_000)
    .option('--shutdown-delay-duration <duration>', 'how long the server goes on serving after /readyz has begun to fail', duration, 0)
    .option('--tls-cert-file <file>', 'serving certificate and its chain, in PEM; followed without restart. Default: the server makes and renews its own')
    .option('--tls-private-key-file <file>', 'key of --tls-cert-file')
}

export function operationOptions(flags: OperationFlags, program: Command): OperationOptions {
  const { auditPolicyFile, tlsCertFile, tlsPrivateKeyFile } = flags
  if ((tlsCertFile === undefined) !== (tlsPrivateKeyFile === undefined)) program.error('error: --tls-cert-file and --tls-private-key-file belong together')
  return {
    auditPolicyFile, auditLogPath: flags.auditLogPath, goawayChance: flags.goawayChance, maxRemovalsPerMinute: flags.maxRemovalsPerMinute, cacheBytesMax: flags.cacheBytesMax, streamsLists: flags.streamLists, maxReadingInFlight: flags.maxRequestsInflight, maxMutatingInFlight: flags.maxMutatingRequestsInflight,
    failover: failoverOptions(flags), requestTimeoutMs: flags.requestTimeout, shutdownDelayMs: flags.shutdownDelayDuration, tlsFiles: tlsCertFile !== undefined && tlsPrivateKeyFile !== undefined ? { certificate: tlsCertFile, key: tlsPrivateKeyFile } : undefined,
  }
}

export const defaultOperation: OperationOptions = { auditPolicyFile: undefined, auditLogPath: '-', goawayChance: 0, maxRemovalsPerMinute: 120, failover: defaultFailover, cacheBytesMax: CACHE_BYTES_MAX, streamsLists: false, maxReadingInFlight: 400, maxMutatingInFlight: 200, requestTimeoutMs: 60_000, shutdownDelayMs: 0, tlsFiles: undefined }
