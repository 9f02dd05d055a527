/** What discovery knows and the OpenAPI documents do not say; by plural. */
export const SHORT_NAMES: Readonly<Record<string, string[]>> = {
  componentstatuses: ['cs'], configmaps: ['cm'], endpoints: ['ep'], events: ['ev'], limitranges: ['limits'], namespaces: ['ns'], nodes: ['no'], persistentvolumeclaims: ['pvc'], persistentvolumes: ['pv'],
  pods: ['po'], replicationcontrollers: ['rc'], resourcequotas: ['quota'], serviceaccounts: ['sa'], services: ['svc'], daemonsets: ['ds'], deployments: ['deploy'], replicasets: ['rs'], statefulsets: ['sts'],
  horizontalpodautoscalers: ['hpa'], cronjobs: ['cj'], certificatesigningrequests: ['csr'], customresourcedefinitions: ['crd', 'crds'], ingresses: ['ing'], networkpolicies: ['netpol'],
  ipaddresses: ['ip'], poddisruptionbudgets: ['pdb'], priorityclasses: ['pc'], storageclasses: ['sc'], volumeattributesclasses: ['vac'],
}
export const CATEGORIES: Readonly<Record<string, string[]>> = {
  pods: ['all'], replicationcontrollers: ['all'], services: ['all'], daemonsets: ['all'], deployments: ['all'], replicasets: ['all'], statefulsets: ['all'], horizontalpodautoscalers: ['all'], cronjobs: ['all'], jobs: ['all'],
  mutatingwebhookconfigurations: ['api-extensions'], validatingwebhookconfigurations: ['api-extensions'], validatingadmissionpolicies: ['api-extensions'], validatingadmissionpolicybindings: ['api-extensions'],
  mutatingadmissionpolicies: ['api-extensions'], mutatingadmissionpolicybindings: ['api-extensions'], customresourcedefinitions: ['api-extensions'], apiservices: ['api-extensions'],
}
