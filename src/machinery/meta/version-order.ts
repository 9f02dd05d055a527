const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/

/** As Kubernetes sorts versions: v10, v2, v1, v11beta2, v3beta1, v12alpha1, and then everything else by name (apimachinery/pkg/version/helpers.go). */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [a, b].map((text) => { const [, major, stage, minor] = VERSION.exec(text) ?? []; return major === undefined ? undefined : [stage === undefined ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor ?? 0)] })
  if (!first || !second) return first ? -1 : second ? 1 : a < b ? -1 : a > b ? 1 : 0
  return second[0]! - first[0]! || second[1]! - first[1]! || second[2]! - first[2]!
}
