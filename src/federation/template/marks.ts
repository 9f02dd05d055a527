/** On copies: the id of the fleet that owns them. Members are followed by this label alone. */
export const MANAGED_LABEL = 'cluster.federation/managed'
/** On copies: uid of the federated object they were made from. */
export const TEMPLATE_ANNOTATION = 'cluster.federation/template'
/** On copies: `<generation>.<decision>` they were made from. */
export const REVISION_ANNOTATION = 'cluster.federation/revision'
/** Keeps a federated object until its copies are gone, or were let go. */
export const COPIES_FINALIZER = 'cluster.federation/copies'
/** On a federated object that is being deleted: what becomes of its copies (Foreground, Background, Orphan). */
export const DELETION_ANNOTATION = 'cluster.federation/deletion'
/** On templates: a value that was not there before has the replicas divided anew, as if nothing had been decided. */
export const RESCHEDULE_ANNOTATION = 'policy.federation/reschedule'
/** KubeFed's, on federated objects: "true" leaves the copies in the members when the object is deleted. */
export const KUBEFED_ORPHAN_ANNOTATION = 'kubefed.io/orphan'
/** On Events of the host that fleets show among those of the members: whose native view they are about. */
export const FLEET_LABEL = 'cluster.federation/fleet'
