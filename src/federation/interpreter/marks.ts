/** Names the clusters that hold a copy of a folded object, by name, separated by commas. */
export const CLUSTERS_ANNOTATION = 'cluster.federation/clusters'

/** Names the clusters whose copy asks for something else than the one shown. */
export const DIFFERS_ANNOTATION = 'cluster.federation/differs'

/** Names the clusters that a template was to go to. Absent: no template is behind the object. */
export const TARGETS_ANNOTATION = 'cluster.federation/targets'
