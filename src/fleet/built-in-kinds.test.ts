import { expect, test } from 'vitest'
import { isCompiledIn } from './built-in-kinds.ts'

test.each([
  ['', 'pods', true], ['apps', 'deployments', true], ['resource.k8s.io', 'deviceclasses', true], ['storagemigration.k8s.io', 'storageversionmigrations', true], ['apiregistration.k8s.io', 'apiservices', true],
  ['metrics.k8s.io', 'pods', true], ['custom.metrics.k8s.io', 'services', true],
  ['example.com', 'widgets', false], ['gateway.networking.k8s.io', 'gateways', false], ['snapshot.storage.k8s.io', 'volumesnapshots', false], ['apps', 'widgets', false], ['notmetrics.k8s.io', 'pods', false],
])('%s/%s is compiled into a kube-apiserver: %s', (group, plural, is) => { expect(isCompiledIn({ group, plural })).toBe(is) })
