import type { Column, KubeObject } from '../../../machinery/meta/core.ts'
import { age, boolean, column, name, size, text, valueAt } from './column.ts'

const phase = column('Status', ({ metadata, status }) => (metadata.deletionTimestamp === undefined ? ((valueAt(status, ['phase']) as string | undefined) ?? '') : 'Terminating'), { reads: ['metadata.deletionTimestamp', 'status.phase'] })
const storageClass = column('StorageClass', ({ metadata, spec }) => metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? (valueAt(spec, ['storageClassName']) as string | undefined) ?? '', { reads: [['metadata', 'annotations', 'volume.beta.kubernetes.io/storage-class'], 'spec.storageClassName'] })
const attributesClass = column('VolumeAttributesClass', ({ spec }) => (valueAt(spec, ['volumeAttributesClassName']) as string | undefined) ?? '<unset>', { reads: ['spec.volumeAttributesClassName'] }), volumeMode = text('VolumeMode', 'spec.volumeMode', { absent: '<unset>', wide: true })

export const persistentVolumeColumns: readonly Column[] = [
  name, text('Capacity', 'spec.capacity.storage', { absent: '0' }), column('Access Modes', ({ spec }) => accessModes(valueAt(spec, ['accessModes'])), { reads: ['spec.accessModes'] }), text('Reclaim Policy', 'spec.persistentVolumeReclaimPolicy'), phase,
  column('Claim', ({ spec }) => { const claim = valueAt(spec, ['claimRef']) as { namespace?: string; name?: string } | undefined; return claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '' }, { reads: ['spec.claimRef'] }),
  storageClass, attributesClass, text('Reason', 'status.reason'), age, volumeMode,
]

const isBound = ({ spec }: KubeObject) => Boolean(valueAt(spec, ['volumeName']))
export const persistentVolumeClaimColumns: readonly Column[] = [
  name, phase, text('Volume', 'spec.volumeName'),
  column('Capacity', (claim) => (isBound(claim) ? ((valueAt(claim, ['status', 'capacity', 'storage']) as string | undefined) ?? '0') : ''), { reads: ['spec.volumeName', 'status.capacity.storage'] }),
  column('Access Modes', (claim) => (isBound(claim) ? accessModes(valueAt(claim, ['status', 'accessModes'])) : ''), { reads: ['spec.volumeName', 'status.accessModes'] }),
  storageClass, attributesClass, age, volumeMode,
]

const DEFAULT_CLASS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']
export const storageClassColumns: readonly Column[] = [
  column('Name', ({ metadata }) => `${metadata.name ?? ''}${DEFAULT_CLASS.some((key) => metadata.annotations?.[key] === 'true') ? ' (default)' : ''}`, { format: 'name', reads: ['metadata.name', ...DEFAULT_CLASS.map((key) => ['metadata', 'annotations', key])] }),
  text('Provisioner', 'provisioner'), text('ReclaimPolicy', 'reclaimPolicy', { absent: 'Delete' }), text('VolumeBindingMode', 'volumeBindingMode', { absent: 'Immediate' }),
  { ...boolean('AllowVolumeExpansion', 'allowVolumeExpansion'), type: 'string' }, age,
]

export const volumeAttributesClassColumns: readonly Column[] = [name, text('DriverName', 'driverName'), age]

export const volumeAttachmentColumns: readonly Column[] = [
  name, text('Attacher', 'spec.attacher', { format: 'name' }), text('PV', 'spec.source.persistentVolumeName'), text('Node', 'spec.nodeName'), boolean('Attached', 'status.attached'), age,
]

export const csiNodeColumns: readonly Column[] = [name, size('Drivers', 'spec.drivers'), age]

export const csiDriverColumns: readonly Column[] = [
  name, boolean('AttachRequired', 'spec.attachRequired', true), boolean('PodInfoOnMount', 'spec.podInfoOnMount'), boolean('StorageCapacity', 'spec.storageCapacity'),
  column('TokenRequests', ({ spec }) => (valueAt(spec, ['tokenRequests']) as { audience: string }[] | undefined)?.map(({ audience }) => audience).join(',') ?? '<unset>', { reads: ['spec.tokenRequests'] }),
  boolean('RequiresRepublish', 'spec.requiresRepublish'),
  column('Modes', ({ spec }) => ((valueAt(spec, ['volumeLifecycleModes']) ?? []) as string[]).join(',') || '<none>', { reads: ['spec.volumeLifecycleModes'] }), age,
]

const SHORT_MODES = [['ReadWriteOnce', 'RWO'], ['ReadOnlyMany', 'ROX'], ['ReadWriteMany', 'RWX'], ['ReadWriteOncePod', 'RWOP']] as const
const accessModes = (modes: unknown) => SHORT_MODES.filter(([mode]) => ((modes ?? []) as string[]).includes(mode)).map(([, short]) => short).join(',')
