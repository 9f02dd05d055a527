/** Names the clusters that hold a copy of a folded object, by name, separated by commas. */
export const CLUSTERS_ANNOTATION = 'cluster.federation/clusters'

/** Names the clusters whose copy asks for something else than the one shown. */
export const DIFFERS_ANNOTATION = 'cluster.federation/differs'
