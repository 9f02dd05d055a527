import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], testTimeout: number, fileParallelism = true) => ({ test: { name, include, testTimeout, hookTimeout: testTimeout, fileParallelism, environment: 'node' as const } })

export default defineConfig({
  test: {
    projects: [
      project('unit', ['src/**/*.test.ts', 'test/*.test.ts', 'test/testbed/*.test.ts', 'test/conformance-upstream/*.test.ts', 'test/cases/**/*.test.ts'], 20_000),
      project('simulation', ['test/simulation/**/*.test.ts'], 180_000),
      project('conformance', ['test/conformance/**/*.test.ts'], 60_000),
      // One real fleet at a time: the files share a test bed and two cores.
      { test: { ...project('e2e', ['test/e2e/**/*.test.ts'], 60_000, false).test, exclude: ['test/e2e/failover/**'], globalSetup: ['test/e2e/setup.ts'] } },
      // Members that are down for minutes: run on demand, `npm run e2e:failover`. Everywhere else the simulation does the same with the clock in hand.
      ...(process.env['E2E_FAILOVER'] ? [{ test: { ...project('e2e-failover', ['test/e2e/failover/**/*.test.ts'], 15 * 60_000, false).test, globalSetup: ['test/e2e/setup.ts'] } }] : []),
    ],
  },
})
