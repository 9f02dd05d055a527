"""What a program with Kubernetes' Python client does with our kinds: CustomObjectsApi, the dynamic client, watches, server-side apply,
and typed reads of a fleet. Prints a line for each check that held; the first that does not ends it with an error.

client.py KUBECONFIG NAMESPACE FOLDER
"""
import os
import sys

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError, UnprocessibleEntityError

GROUP, VERSION, PLURAL, KIND = "stand-in.federation", "v1alpha1", "propagationpolicies", "PropagationPolicy"
kubeconfig, namespace, folder = sys.argv[1:]


def connection(context: str) -> client.ApiClient:
    return config.new_client_from_config(kubeconfig, context=context)


def policy(name: str, **spec) -> dict:
    selectors = [{"apiVersion": "apps/v1", "kind": "Deployment"}]
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": {"name": name, "labels": {"app": "python"}}, "spec": {"resourceSelectors": selectors, **spec}}


def held(what: str, actual, expected) -> None:
    if actual != expected:
        raise SystemExit(f"{what}: {actual!r} is not {expected!r}")
    print(what, flush=True)


def refused(what: str, status: int, reason: str, call) -> None:
    """The error's body is a Status with the reason."""
    try:
        call()
    except ApiException as error:
        held(what, (error.status, reason in error.body), (status, True))
    else:
        raise SystemExit(f"{what}: was not refused")


def custom_objects(api: client.CustomObjectsApi) -> None:
    place = {"group": GROUP, "version": VERSION, "namespace": namespace, "plural": PLURAL}
    begin = api.list_namespaced_custom_object(**place)["metadata"]["resourceVersion"]
    created = api.create_namespaced_custom_object(**place, body=policy("one"))
    held("create fills defaults", (created["spec"]["conflictResolution"], created["spec"]["priority"], created["metadata"]["generation"]), ("Abort", 0, 1))
    refused("create again is a conflict", 409, "AlreadyExists", lambda: api.create_namespaced_custom_object(**place, body=policy("one")))
    refused("a bad value is refused", 422, "spec.priority", lambda: api.create_namespaced_custom_object(**place, body=policy("two", priority="high")))
    held("dry run stores nothing", (api.create_namespaced_custom_object(**place, body=policy("two"), dry_run="All")["metadata"]["name"], len(api.list_namespaced_custom_object(**place)["items"])), ("two", 1))
    held("a patch merges", api.patch_namespaced_custom_object(**place, name="one", body={"spec": {"priority": 3}})["spec"]["priority"], 3)
    fresh = api.get_namespaced_custom_object(**place, name="one")
    fresh["spec"]["priority"] = 4
    held("replace", api.replace_namespaced_custom_object(**place, name="one", body=fresh)["metadata"]["generation"], 3)
    refused("replace of an old version is a conflict", 409, "Conflict", lambda: api.replace_namespaced_custom_object(**place, name="one", body=fresh))
    condition = {"type": "Ready", "status": "True", "reason": "Tested"}
    status = api.patch_namespaced_custom_object_status(**place, name="one", body={"status": {"conditions": [condition]}, "spec": {"priority": 9}})
    held("status is apart", (status["status"]["conditions"][0]["reason"], status["spec"]["priority"], status["metadata"]["generation"]), ("Tested", 4, 3))
    api.create_namespaced_custom_object(**place, body=policy("two"))
    page = api.list_namespaced_custom_object(**place, limit=1, label_selector="app=python")
    rest = api.list_namespaced_custom_object(**place, limit=1, label_selector="app=python", _continue=page["metadata"]["continue"])
    held("pages", [item["metadata"]["name"] for item in page["items"] + rest["items"]], ["one", "two"])
    held("delete", api.delete_namespaced_custom_object(**place, name="one", propagation_policy="Background")["status"], "Success")
    refused("what is gone is not found", 404, "NotFound", lambda: api.get_namespaced_custom_object(**place, name="one"))
    held("delete of a collection", (api.delete_collection_namespaced_custom_object(**place, label_selector="app=python"), api.list_namespaced_custom_object(**place)["items"])[1], [])
    events, follower = [], watch.Watch()
    for event in follower.stream(api.list_namespaced_custom_object, **place, resource_version=begin, timeout_seconds=20):
        events.append((event["type"], event["object"]["metadata"]["name"]))
        if event["type"] == "DELETED" and event["object"]["metadata"]["name"] == "two":
            follower.stop()
    held("a watch from a version tells all since", events, [("ADDED", "one"), *[("MODIFIED", "one")] * 3, ("ADDED", "two"), ("DELETED", "one"), ("DELETED", "two")])


def dynamic(connected: client.ApiClient) -> None:
    resource = DynamicClient(connected, cache_file=os.path.join(folder, "discovery.json")).resources.get(api_version=f"{GROUP}/{VERSION}", kind=KIND)
    held("discovery", (resource.name, resource.namespaced, "pp" in resource.short_names), (PLURAL, True, True))
    begin = resource.get(namespace=namespace).metadata.resourceVersion
    applied = resource.server_side_apply(body=policy("three", priority=1), namespace=namespace, field_manager="first")
    held("apply creates", ([entry.manager for entry in applied.metadata.managedFields], applied.metadata.managedFields[0].operation), (["first"], "Apply"))
    other = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": {"name": "three"}, "spec": {"priority": 2}}
    try:
        resource.server_side_apply(body=other, namespace=namespace, field_manager="second")
        raise SystemExit("apply over another's field was not refused")
    except ConflictError as error:
        held("apply over another's field is a conflict", 'conflict with \\"first\\": .spec.priority' in error.body, True)
    held("force takes it", resource.server_side_apply(body=other, namespace=namespace, field_manager="second", force_conflicts=True).spec.priority, 2)
    try:
        resource.patch(body={"spec": {"conflictResolution": "Maybe"}}, name="three", namespace=namespace, content_type="application/merge-patch+json")
        raise SystemExit("a value that is none was not refused")
    except UnprocessibleEntityError as error:
        held("a value that is none is refused", "supported values" in error.body, True)
    patch = [{"op": "replace", "path": "/spec/conflictResolution", "value": "Overwrite"}]
    held("a JSON patch", resource.patch(body=patch, name="three", namespace=namespace, content_type="application/json-patch+json").spec.conflictResolution, "Overwrite")
    resource.delete(name="three", namespace=namespace)
    try:
        resource.get(name="three", namespace=namespace)
        raise SystemExit("what was deleted is still there")
    except NotFoundError:
        print("delete by the dynamic client", flush=True)
    events = []
    for event in resource.watch(namespace=namespace, resource_version=begin, timeout=20):
        events.append(event["type"])
        if event["type"] == "DELETED":
            break
    held("a watch by the dynamic client", events, ["ADDED", "MODIFIED", "MODIFIED", "DELETED"])


def clusters_and_fleet() -> None:
    clusters = client.CustomObjectsApi(connection("host")).list_cluster_custom_object("cluster.federation", "v1alpha1", "clusters")["items"]
    fleet = connection("fleet")
    names = [cluster["metadata"]["name"] for cluster in clusters]
    deployment = client.AppsV1Api(fleet).read_namespaced_deployment("web", namespace)
    held("a typed read folds the members", (names, deployment.spec.replicas, deployment.metadata.annotations["cluster.federation/clusters"]), (["member1", "member2", "member3"], 2, "member1,member2"))
    nodes = client.CoreV1Api(fleet).list_node().items
    held("nodes tell their cluster", sorted({node.metadata.labels["cluster.federation/name"] for node in nodes}), names)


custom_objects(client.CustomObjectsApi(connection("host")))
dynamic(connection("host"))
clusters_and_fleet()
