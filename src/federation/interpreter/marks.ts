/** Names the clusters that hold a copy of a folded object, by name, separated by commas. */
export const CLUSTERS_ANNOTATION = 'cluster.federation/clusters'

/** Names the clusters whose copy asks for something else than the one shown. */
export const DIFFERS_ANNOTATION = 'cluster.federation/differs'

/** The replicas that all copies of a template are to have together, where the template itself names another number. */
export const REPLICAS_ANNOTATION = 'cluster.federation/replicas'

/** Names the clusters that a template was to go to. Absent: no template is behind the object. */
export const TARGETS_ANNOTATION = 'cluster.federation/targets'

/** On a copy: which generation of the template it was made from. */
export const TEMPLATE_GENERATION_ANNOTATION = 'resourcetemplate.federation/generation'

/** On a template, `"true"`: every cluster's copy keeps the replicas that it has. */
export const RETAIN_REPLICAS_LABEL = 'resourcetemplate.federation/retain-replicas'

/** On answers of dry runs: what storing the object would lead to, as JSON. */
export const PLAN_ANNOTATION = 'policy.federation/plan'
/** On Deployments, by the controller of each member: how often its pods were changed. */
export const DEPLOYMENT_REVISION_ANNOTATION = 'deployment.kubernetes.io/revision'
