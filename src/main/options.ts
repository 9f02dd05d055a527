/** Flags, checked before anything starts. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { operationOptions, withOperationFlags, type OperationFlags, type OperationOptions } from './operation-options.ts'
import { storeOptions, withStoreFlags, type StoreFlags, type StoreOptions } from './store-options.ts'

export interface ServeOptions extends StoreOptions {
  readonly standalone: boolean
  /** The host's kubeconfig; undefined and not standalone: the service account of the pod this runs in. */
  readonly hostKubeconfig: string | undefined
  readonly dataDir: string
  readonly bindAddress: string
  readonly securePort: number
  readonly namespace: string
  readonly serviceName: string
  readonly mirrorGroups: readonly string[]
  readonly allowLoopbackMembers: boolean
  /** Contexts of the user's own kubeconfig that are members from the start (standalone). */
  readonly kubeconfig: string | undefined
  readonly memberContexts: readonly string[]
  readonly simulatedMembers: number
  /** Where the administrator's kubeconfig goes (standalone). */
  readonly writeKubeconfig: string | undefined
  readonly logLevel: string
  readonly clusterSuccessThresholdMs: number
  readonly clusterFailureThresholdMs: number
  readonly clusterProbeMs: number
  readonly operation?: OperationOptions
}

export interface DemoOptions { readonly once: boolean; readonly real: boolean; readonly securePort: number; readonly kubeconfigFile: string }

export interface ServeKindsOptions extends StoreOptions {
  /** Files of CustomResourceDefinitions, each of one or more documents. */
  readonly crds: readonly string[]
  readonly port: number
  readonly bindAddress: string
  readonly dataDir: string
  /** Whose users, rights and namespaces count; undefined: one administrator and namespaces of its own. */
  readonly hostKubeconfig: string | undefined
  readonly logLevel: string
}

export interface Commands {
  serve(options: ServeOptions): Promise<void>
  serveKinds(options: ServeKindsOptions): Promise<void>
  demo(options: DemoOptions): Promise<void>
}

interface Flags extends OperationFlags, StoreFlags {
  standalone?: boolean
  hostKubeconfig?: string
  dataDir: string
  bindAddress: string
  securePort: number
  namespace: string
  serviceName: string
  mirrorGroups: string
  allowLoopbackMembers?: boolean
  kubeconfig?: string
  memberContext: string[]
  simulatedMembers: number
  writeKubeconfig?: string
  logLevel: string
  clusterSuccessThresholdSeconds: number
  clusterFailureThresholdSeconds: number
  clusterProbeSeconds: number
}

/** The command line. What is wrong with it is said by commander, which names the flag, and ends the program with status 1. */
export function commandLine(commands: Commands, version: string): Command {
  const program = new Command('federation-apiserver').description('Makes many Kubernetes clusters answer as one.').version(version).showHelpAfterError('(--help lists the flags)')
  const number = (check: (value: number) => boolean, what: string) => (text: string) => {
    const value = Number(text)
    if (text.trim() === '' || !check(value)) throw new InvalidArgumentError(`must be ${what}`)
    return value
  }
  const port = number((value) => Number.isInteger(value) && value >= 0 && value <= 65535, 'a port, 0 to 65535'), seconds = number((value) => value >= 0, 'a number of seconds'), count = number((value) => Number.isInteger(value) && value >= 0 && value <= 100, 'a whole number up to 100')
  withOperationFlags(withStoreFlags(program.command('serve').description('Serve clusters, policies and the merged view.')))
    .option('--standalone', 'be reached on a port of its own, with one administrator; default: registered with a host cluster')
    .option('--host-kubeconfig <file>', 'kubeconfig of the host cluster; default: the service account of the pod')
    .option('--data-dir <dir>', 'where the store and, standalone, the certificates are kept', '.federation')
    .option('--bind-address <address>', 'address to listen on', '0.0.0.0')
    .option('--secure-port <port>', 'port to listen on', port, 8443)
    .option('--namespace <namespace>', 'the namespace of the server in the host: its Secrets are the only ones read', 'federation-system')
    .option('--service-name <name>', 'Service that the APIServices of the host name', 'federation-apiserver')
    .option('--mirror-groups <groups>', 'groups served to the plain host context as <group>.federation, e.g. apps,batch,networking.k8s.io/v1', 'apps,batch')
    .option('--allow-loopback-members', 'clusters at loopback and link-local addresses may join')
    .option('--kubeconfig <file>', 'kubeconfig that holds the contexts of --member-context')
    .option('--member-context <name>', 'a context of the kubeconfig that is a member (standalone; may be repeated)', (name: string, names: string[]) => [...names, name], [])
    .option('--simulated-members <count>', 'members that live in this process (standalone)', count, 0)
    .option('--write-kubeconfig <file>', "where the administrator's kubeconfig is written (standalone)")
    .addOption(new Option('--log-level <level>', 'what is logged').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .option('--cluster-success-threshold-seconds <seconds>', 'how long a cluster must answer before it counts as ready again', seconds, 30)
    .option('--cluster-failure-threshold-seconds <seconds>', 'how long a cluster must fail before it counts as not ready', seconds, 30)
    .option('--cluster-probe-seconds <seconds>', 'time between two probes of a cluster', seconds, 10)
    .action(async (flags: Flags) => commands.serve(serveOptions(flags, program)))
  program.command('demo').description('Start a fleet in this process and show what it answers.')
    .option('--once', 'show the merged table and one change, then end')
    .option('--real', 'with real API servers, on the test bed')
    .option('--secure-port <port>', 'port to listen on', port, 8443)
    .option('--write-kubeconfig <file>', 'where the kubeconfig is written', 'demo.kubeconfig')
    .action(async ({ once = false, real = false, securePort, writeKubeconfig }: { once?: boolean; real?: boolean; securePort: number; writeKubeconfig: string }) => commands.demo({ once, real, securePort, kubeconfigFile: writeKubeconfig }))
  withStoreFlags(program.command('serve-kinds')).description('Serve the kinds of CustomResourceDefinitions; the last line says where the kubeconfig of the administrator is.')
    .requiredOption('--crd <files...>', 'YAML files of CustomResourceDefinitions (may be repeated)')
    .option('--port <port>', 'port to listen on', port, 8443)
    .option('--bind-address <address>', 'address to listen on', '127.0.0.1')
    .option('--data-dir <dir>', 'where the store, the certificates and the kubeconfig are kept', '.federation-kinds')
    .option('--host-kubeconfig <file>', 'kubeconfig of the cluster whose users, rights and namespaces count; default: one administrator and namespaces of its own')
    .addOption(new Option('--log-level <level>', 'what is logged').choices(['debug', 'info', 'warn', 'error']).default('warn'))
    .action(async ({ crd, port: listenPort, bindAddress, dataDir, hostKubeconfig, logLevel, ...flags }: StoreFlags & { crd: string[]; port: number; bindAddress: string; dataDir: string; hostKubeconfig?: string; logLevel: string }) => commands.serveKinds({ crds: crd, port: listenPort, bindAddress, dataDir, hostKubeconfig, logLevel, ...storeOptions(flags, program) }))
  return program
}

function serveOptions(flags: Flags, program: Command): ServeOptions {
  const { standalone = false, hostKubeconfig, kubeconfig, memberContext, simulatedMembers, writeKubeconfig } = flags
  if (standalone && hostKubeconfig !== undefined) program.error('error: --standalone and --host-kubeconfig exclude each other: a standalone server has no host')
  if (!standalone && (memberContext.length > 0 || simulatedMembers > 0 || writeKubeconfig !== undefined)) program.error('error: --member-context, --simulated-members and --write-kubeconfig need --standalone: with a host, clusters join as Cluster objects')
  return {
    standalone, hostKubeconfig, dataDir: flags.dataDir, bindAddress: flags.bindAddress, securePort: flags.securePort, namespace: flags.namespace, serviceName: flags.serviceName,
    mirrorGroups: flags.mirrorGroups.split(',').map((group) => group.trim()).filter(Boolean), allowLoopbackMembers: flags.allowLoopbackMembers ?? false,
    kubeconfig, memberContexts: memberContext, simulatedMembers, writeKubeconfig, logLevel: flags.logLevel,
    clusterSuccessThresholdMs: flags.clusterSuccessThresholdSeconds * 1000, clusterFailureThresholdMs: flags.clusterFailureThresholdSeconds * 1000, clusterProbeMs: flags.clusterProbeSeconds * 1000, ...storeOptions(flags, program),
    operation: operationOptions(flags, program),
  }
}
