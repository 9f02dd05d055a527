import { type Check, holds } from '../checks.ts'
import { type Path, textAt, valuesAt } from '../fields.ts'
import type { Interpretation } from '../interpretation.ts'
import { byField, LAST, LISTED, type Merge, OBSERVED, SUM } from '../merges.ts'
import { namedAt, type Reference } from '../pod-template.ts'

interface Row { readonly isHealthy: Check; readonly status: Readonly<Record<string, Merge | undefined>>; readonly secrets: readonly Path[]; readonly more?: (object: unknown) => readonly Reference[] }

/** `status`: what is kept of a copy's, and how several become one; undefined: kept, but a matter of each cluster. Whether a copy is suspended is decided where it is. */
const reconciled = ({ isHealthy, status, secrets, more = () => [] }: Row): Interpretation => ({
  isHealthy,
  reflected: Object.keys(status),
  aggregate: byField(Object.fromEntries(Object.entries(status).filter((entry): entry is [string, Merge] => entry[1] !== undefined))),
  references: (object) => [...namedAt(object, 'Secret', secrets), ...more(object)],
  kept: ['spec.suspend'],
})

const account = (object: unknown) => namedAt(object, 'ServiceAccount', ['spec.serviceAccountName'])
const succeeded = holds('Ready', 'Succeeded'), reconciliationSucceeded = holds('Ready', 'ReconciliationSucceeded'), fetched = { conditions: LISTED, artifact: LAST }

export const flux: Readonly<Record<string, Interpretation>> = {
  'source.toolkit.fluxcd.io/GitRepository': reconciled({ isHealthy: succeeded, status: { ...fetched, observedGeneration: OBSERVED, observedIgnore: undefined, observedRecurseSubmodules: undefined }, secrets: ['spec.secretRef.name', 'spec.verify.secretRef.name'] }),
  'source.toolkit.fluxcd.io/Bucket': reconciled({ isHealthy: succeeded, status: { ...fetched, url: LAST, observedGeneration: OBSERVED, observedIgnore: undefined }, secrets: ['spec.secretRef.name'] }),
  'source.toolkit.fluxcd.io/HelmRepository': reconciled({ isHealthy: succeeded, status: { ...fetched, url: LAST, observedGeneration: OBSERVED }, secrets: ['spec.secretRef.name'] }),
  'source.toolkit.fluxcd.io/HelmChart': reconciled({
    isHealthy: holds('Ready', 'Succeeded', 'ChartPullSucceeded'),
    status: { ...fetched, url: LAST, observedChartName: LAST, observedSourceArtifactRevision: LAST, observedGeneration: OBSERVED },
    secrets: ['spec.verify.secretRef.name'],
  }),
  'source.toolkit.fluxcd.io/OCIRepository': reconciled({
    isHealthy: succeeded,
    status: { ...fetched, url: LAST, observedGeneration: OBSERVED, observedIgnore: undefined, observedLayerSelector: undefined },
    secrets: ['spec.secretRef.name', 'spec.verify.secretRef.name', 'spec.certSecretRef.name'],
    more: account,
  }),
  'kustomize.toolkit.fluxcd.io/Kustomization': reconciled({
    isHealthy: reconciliationSucceeded,
    status: { conditions: LISTED, lastAppliedRevision: LAST, lastAttemptedRevision: LAST, observedGeneration: OBSERVED },
    secrets: ['spec.decryption.secretRef.name', 'spec.kubeConfig.secretRef.name'],
    more: (object) => [...account(object), ...fromKinds(object, 'spec.postBuild.substituteFrom')],
  }),
  'helm.toolkit.fluxcd.io/HelmRelease': reconciled({
    isHealthy: reconciliationSucceeded,
    status: {
      conditions: LISTED, observedGeneration: OBSERVED, lastAttemptedRevision: LAST, lastAppliedRevision: LAST, lastAttemptedValuesChecksum: LAST, helmChart: LAST, lastReleaseRevision: LAST,
      failures: SUM, upgradeFailures: SUM, installFailures: SUM,
    },
    secrets: ['spec.chart.spec.verify.secretRef.name', 'spec.kubeConfig.secretRef.name'],
    more: (object) => [...account(object), ...fromKinds(object, 'spec.valuesFrom')],
  }),
}

/** Lists of references that name the kind themselves. */
const fromKinds = (object: unknown, list: string) => valuesAt(object, `${list}.*`).flatMap((source) => ['Secret', 'ConfigMap'].flatMap((kind) => (textAt(source, 'kind') === kind ? namedAt(source, kind, ['name']) : [])))
