"""The manifests for Kubernetes say what the schemas of their kinds allow, and fit each other.

No cluster has run them.
"""

import copy
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rung.executors.dask import Dask
from rung.executors.ray import Ray
from rung.programs.executors import named

jsonschema = pytest.importorskip("jsonschema")  # Ray needs it, too

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "deploy" / "kubernetes"
SCHEMAS = yaml.safe_load((HERE / "schemas.yaml").read_text(encoding="utf-8"))
MANIFESTS = {
    (file.name, document["kind"]): document
    for file in sorted(FOLDER.glob("*.yaml"))
    for document in yaml.safe_load_all(file.read_text(encoding="utf-8"))
}

Manifest = dict[str, Any]


def of(kind: str) -> Manifest:
    (found,) = [document for (_, each), document in MANIFESTS.items() if each == kind]
    return found


def faults(document: Manifest) -> list[str]:
    kind = SCHEMAS["kinds"][document["kind"]]
    schema = {
        "definitions": SCHEMAS["definitions"],
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": kind["apiVersion"]},
            "kind": {"type": "string"},
            "metadata": {"$ref": "#/definitions/metadata"},
            "spec": kind["spec"],
        },
    }
    return [
        f"{error.json_path}: {error.message}"
        for error in jsonschema.Draft202012Validator(schema).iter_errors(document)
    ]


def pods(part: object) -> Iterator[Manifest]:
    """The specs of all pods in a manifest."""
    if isinstance(part, dict):
        if "containers" in part:
            yield part
        for value in part.values():
            yield from pods(value)
    elif isinstance(part, list):
        for value in part:
            yield from pods(value)


def trains(pod: Manifest) -> bool:
    """Whether it is other than Dask's scheduler, which handles no files."""
    return pod["containers"][0]["name"] != "scheduler"


@pytest.mark.parametrize("name", MANIFESTS, ids=" ".join)
def test_a_manifest_says_what_its_schema_allows(name: tuple[str, str]) -> None:
    assert faults(MANIFESTS[name]) == []


def misspelt_bound(cluster: Manifest) -> None:
    group = cluster["spec"]["workerGroupSpecs"][0]
    group["maxreplicas"] = group.pop("maxReplicas")


def number_of_gpus(group: Manifest) -> None:
    group["spec"]["worker"]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] = 1


def no_service(cluster: Manifest) -> None:
    del cluster["spec"]["scheduler"]["service"]


def mount_without_path(job: Manifest) -> None:
    del job["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][0]["mountPath"]


@pytest.mark.parametrize(
    ("kind", "spoil", "word"),
    [
        ("RayCluster", misspelt_bound, "maxreplicas"),
        ("DaskWorkerGroup", number_of_gpus, "is not of type 'string'"),
        ("DaskCluster", no_service, "'service' is a required property"),
        ("Job", mount_without_path, "'mountPath' is a required property"),
    ],
)
def test_a_mistake_is_found(kind: str, spoil: Callable[[Manifest], None], word: str) -> None:
    spoilt = copy.deepcopy(of(kind))
    spoil(spoilt)
    assert any(word in fault for fault in faults(spoilt))


def test_all_pods_run_one_image_and_share_the_folder_of_the_study() -> None:
    claim = of("PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    found = [pod for document in MANIFESTS.values() for pod in pods(document)]
    assert len(found) == 7
    assert {container["image"] for pod in found for container in pod["containers"]} == {
        "registry.example.org/me/rung:1"
    }
    for pod in filter(trains, found):
        assert pod["volumes"] == [
            {"name": "study", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}}
        ]
        assert pod["containers"][0]["volumeMounts"] == [{"name": "study", "mountPath": "/study"}]
        assert pod["securityContext"] == {"fsGroup": 1000}, "the user of the image may write there"


def test_what_a_pod_asks_for_is_its_limit_and_gpus_are_tolerated() -> None:
    for document in MANIFESTS.values():
        for pod in pods(document):
            resources = pod["containers"][0]["resources"]
            assert resources["requests"] == resources["limits"]
            assert ("nvidia.com/gpu" in resources["limits"]) == ("tolerations" in pod)


def test_ray_in_the_image_is_the_one_of_the_cluster_and_groups_have_room() -> None:
    image = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    spec = of("RayCluster")["spec"]
    assert re.search(r"ARG RAY_VERSION=(\S+)", image)[1] == spec["rayVersion"]  # type: ignore[index]
    for group in spec["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] < group["maxReplicas"], group["groupName"]


def test_the_job_of_ray_drives_its_cluster() -> None:
    job, cluster = of("RayJob")["spec"], of("RayCluster")
    assert job["clusterSelector"] == {"ray.io/cluster": cluster["metadata"]["name"]}
    shell, option, script = shlex.split(job["entrypoint"])
    assert (shell, option) == ("bash", "-c")
    words = shlex.split(script.partition("&& exec ")[2])
    assert words[:2] == ["rung", "run"]
    assert named(words[words.index("--executor") + 1]) == Ray(workers=4, address="auto", autoscales=True)


def test_the_job_of_dask_drives_its_cluster() -> None:
    cluster, group = of("DaskCluster"), of("DaskWorkerGroup")
    name, service = cluster["metadata"]["name"], cluster["spec"]["scheduler"]["service"]
    (container,) = of("Job")["spec"]["template"]["spec"]["containers"]
    words = container["command"]
    assert words[:2] == ["rung", "run"]
    address = f"tcp://{name}-scheduler:{service['ports'][0]['port']}"  # the operator names the service so
    assert named(words[words.index("--executor") + 1]) == Dask(cluster=address)
    assert service["selector"] == {"dask.org/cluster-name": name, "dask.org/component": "scheduler"}
    assert group["spec"]["cluster"] == name


def test_processors_of_dask_workers_are_their_threads() -> None:
    for kind in ("DaskCluster", "DaskWorkerGroup"):
        (container,) = of(kind)["spec"]["worker"]["spec"]["containers"]
        words = container["args"]
        assert words[words.index("--nthreads") + 1] == container["resources"]["limits"]["cpu"]
        assert "--no-nanny" in words, "else SIGTERM does not reach the process that saves"
