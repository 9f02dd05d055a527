/** Replays what Karmada takes for healthy. */
import { expect, test } from 'vitest'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { recordedCases } from '../../../test/suites/recorded-cases.ts'
import { healthOf } from './health.ts'

interface Case { name: string; object: KubeObject; expect?: boolean; expectError?: boolean }

test.each(recordedCases<Case>('interpretation/health.json'))('$name', ({ object, expect: isHealthy, expectError }) => {
  expect(healthOf({ ...object, metadata: object.metadata ?? {} })).toBe(expectError ? 'Unknown' : isHealthy ? 'Healthy' : 'Unhealthy')
})
