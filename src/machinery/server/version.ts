/** What /version says. Clients read the Kubernetes version whose API is spoken, so this is not the program's own version, which is behind the plus sign. */
export const versionInfo = (program: string): object => ({
  major: '1', minor: '36', emulationMajor: '1', emulationMinor: '36', minCompatibilityMajor: '1', minCompatibilityMinor: '35',
  gitVersion: `v1.36.0+federation-${program}`, gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: '', compiler: '', platform: 'linux/amd64',
})
