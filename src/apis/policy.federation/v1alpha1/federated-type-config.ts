import type { KubeObject, ObjectMeta } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { dns1035Label, dns1123Subdomain } from '../../../machinery/meta/names.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import { type Condition, conditionStatus } from '../../meta/v1/condition.ts'
import { policyDefinitions } from './definitions.ts'

/** Says of one kind whether it can be distributed (KubeFed). Kubernetes' own kinds can without it; kinds of CustomResourceDefinitions need one. */
export interface FederatedTypeConfig extends KubeObject {
  /** Version of the schema of this object. */
  apiVersion?: string
  /** Kind of this object. */
  kind?: string
  /** Kubernetes' own metadata. The name is that of the resource: deployments.apps, or services in the core group. */
  metadata: ObjectMeta
  /** The kind, and whether it is distributed. */
  spec: FederatedTypeConfigSpec
  /** What came of it. */
  status?: FederatedTypeConfigStatus
}

export interface FederatedTypeConfigSpec {
  /** The kind that is distributed. */
  targetType: ApiResourceType
  /** Disabled: no federated objects can be created; those there are, and their copies, stay as they are until it is Enabled again.
   * @default "Enabled" */
  propagation?: 'Enabled' | 'Disabled'
  /** The kind of its federated objects. It follows from the kind; absent, or exactly that: FederatedDeployment of types.federation for Deployment. */
  federatedType?: ApiResourceType
  /** KubeFed's kind for collected statuses. There is none here: the status of every cluster is in the status of the federated object. */
  statusType?: ApiResourceType
  /** Whether the status of copies is collected: always, so Disabled is refused.
   * @default "Enabled" */
  statusCollection?: 'Enabled' | 'Disabled'
}

export interface ApiResourceType {
  /** Group; absent or empty: the core group. */
  group?: string
  /** Version. */
  version: string
  /** Kind. */
  kind: string
  /** Plural, as in URLs. */
  pluralName: string
  /** Whether its objects lie in namespaces. */
  scope: 'Cluster' | 'Namespaced'
}

export interface FederatedTypeConfigStatus {
  /** Generation that this was found for.
   * @isLong
   * @minimum 0 */
  observedGeneration?: number
  /** Whether federated objects of the kind have effect. */
  propagationController: 'Running' | 'NotRunning'
  /** Whether statuses of copies are collected. */
  statusController?: 'Running' | 'NotRunning'
  /** Served: whether federated objects of the kind can be had here, and why not.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["type"]} */
  conditions?: Condition[]
}

const schema = resolveSchema(policyDefinitions, 'federation.policy.v1alpha1.FederatedTypeConfig')

export const federatedTypeConfigKind = defineKind<FederatedTypeConfig>({
  group: 'policy.federation', version: 'v1alpha1', kind: 'FederatedTypeConfig', plural: 'federatedtypeconfigs', shortNames: ['ftc'], categories: ['federation'], scope: 'Cluster',
  schema, describesItems: true,
  columns: [
    nameColumn,
    { name: 'Kind', type: 'string', description: 'Kind that is distributed.', cell: ({ spec }) => spec.targetType.kind },
    { name: 'Propagation', type: 'string', description: 'Whether it is.', cell: ({ spec }) => spec.propagation ?? 'Enabled' },
    ageColumn,
    { name: 'Served', type: 'string', priority: 1, description: 'Whether federated objects of the kind can be had.', cell: ({ status }) => conditionStatus(status?.conditions, 'Served') },
    { name: 'Scope', type: 'string', priority: 1, description: 'Whether its objects lie in namespaces.', cell: ({ spec }) => spec.targetType.scope },
  ],
  strategy: wellFormed(schema, {
    validate: ({ metadata: { name = '' }, spec }) => [...validateName(name, spec.targetType), ...validateSpec(spec)],
    warnings: ({ spec }) => (spec.statusType ? ['spec.statusType has no effect: the status of every cluster is in the status of the federated object'] : []),
  }),
})

function validateName(name: string, { pluralName, group }: ApiResourceType): FieldError[] {
  const wanted = group ? `${pluralName}.${group}` : pluralName
  return name === wanted ? [] : [fieldError.invalid('metadata.name', name, `must be that of the resource: ${wanted}`)]
}

const validateSpec = ({ targetType, federatedType, statusType, statusCollection }: FederatedTypeConfigSpec): FieldError[] => [
  ...validateType(targetType, 'spec.targetType'),
  ...(federatedType ? [...validateOwnType(federatedType, 'spec.federatedType'), ...validateFederatedType(federatedType, targetType, 'spec.federatedType')] : []),
  ...(statusType ? validateOwnType(statusType, 'spec.statusType') : []),
  ...(statusCollection === 'Disabled' ? [fieldError.forbidden('spec.statusCollection', 'Disabled is not supported: the status of copies is always collected')] : []),
]

const validateType = ({ group, version, kind, pluralName }: ApiResourceType, path: string): FieldError[] => [
  ...(group ? dns1123Subdomain(group).map((text) => fieldError.invalid(`${path}.group`, group, text)) : []),
  ...validateLabel(version, `${path}.version`),
  ...validateLabel(kind.toLowerCase(), `${path}.kind`),
  ...validateLabel(pluralName, `${path}.pluralName`),
]

const validateLabel = (value: string, path: string): FieldError[] => (value === '' ? [fieldError.required(path)] : dns1035Label(value).map((text) => fieldError.invalid(path, value, text)))

/** Types that a server adds to Kubernetes' have a group with a dot. */
const validateOwnType = (type: ApiResourceType, path: string): FieldError[] => [
  ...(type.group ? (type.group.includes('.') ? [] : [fieldError.invalid(`${path}.group`, type.group, 'must have a dot, as all groups have that are not Kubernetes\' own')]) : [fieldError.required(`${path}.group`)]),
  ...validateType(type, path),
]

/** Federated kinds are named after the kind, and lie in one group for Kubernetes' own kinds and in one for each other group. */
function validateFederatedType({ group, kind, pluralName, scope }: ApiResourceType, target: ApiResourceType, path: string): FieldError[] {
  const differs = (field: string, value: string | undefined, ...wanted: string[]) => (!value || wanted.includes(value) ? [] : [fieldError.invalid(`${path}.${field}`, value, `must be ${wanted.join(' or ')}, or federatedType absent`)])
  return [
    ...differs('group', group, 'types.federation', ...(target.group ? [`types.${target.group}.federation`] : [])),
    ...differs('kind', kind, `Federated${target.kind}`),
    ...differs('pluralName', pluralName, `federated${target.pluralName}`),
    ...differs('scope', scope, target.scope),
  ]
}
