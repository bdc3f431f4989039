"""The container file, the compose file and the manifests: linted, as strict as the unit, and true to the program."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.settings import WebSettings, load

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
IMAGE = DEPLOY / "container" / "Containerfile"
SETTINGS = DEPLOY / "container" / "gateway.toml"
COMPOSE = DEPLOY / "compose" / "compose.yml"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yml"))
USER = 10001
_HAS_TOOLS = find_spec("compose_lint") is not None


def with_tools(test: Callable[[], None]) -> Callable[[], None]:
    """In `make shipped` alone: the tools are big and slow to start."""
    skipped = pytest.mark.skipif(not _HAS_TOOLS, reason="`make shipped` has not installed its tools")
    return pytest.mark.faults(skipped(test))


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / name
    return subprocess.run([program, *arguments], check=False, capture_output=True, text=True)


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def resources(kind: str) -> Iterator[dict[str, Any]]:
    for file in MANIFESTS:
        yield from (one for one in yaml.safe_load_all(file.read_text()) if one["kind"] == kind)


def pod() -> dict[str, Any]:
    (workload,) = resources("StatefulSet")
    found: dict[str, Any] = workload["spec"]["template"]["spec"]
    return found


def grace_s() -> float:
    """How long the gateway may take to end, as it is set in the shipped settings."""
    web = load(SETTINGS).web
    return web.drain_s + web.shutdown_s


# --- linted --------------------------------------------------------------------------------------


@with_tools
def test_the_container_file_is_linted() -> None:
    """hadolint, with the shell of each RUN checked, finds nothing in it."""
    told = tool("hadolint", "--no-color", IMAGE)

    assert (told.returncode, told.stdout) == (0, "")


@with_tools
def test_the_compose_file_is_of_the_specification() -> None:
    """It fits the JSON schema of the Compose Specification."""
    told = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)

    assert told.returncode == 0, told.stdout


@with_tools
def test_the_compose_file_is_hardened() -> None:
    """compose-lint finds nothing but that images are named by tag: their digests are the province's to choose."""
    told = tool("compose-lint", "check", "--format", "json", COMPOSE)

    assert {one["rule_id"] for one in json.loads(told.stdout)["findings"]} == {"CL-0019"}


@with_tools
def test_the_manifests_are_of_their_schemas() -> None:
    """Each resource fits the strict schema of its kind, in the newest Kubernetes known and in one four years older."""
    for version in ("1.37.0", "1.29.0"):
        told = tool("kubernetes-validate", "--strict", "-k", version, *MANIFESTS)
        assert told.returncode == 0, told.stdout + told.stderr


# --- as strict as the unit -----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(services()))
def test_a_service_has_nothing_that_it_does_not_need(name: str) -> None:
    """A read-only root, no capability and no way to one, a user that is not root, the default seccomp filter."""
    service = services()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith("0")
    assert not {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode"} & set(service)
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_the_pod_has_nothing_that_it_does_not_need() -> None:
    """The same in Kubernetes, no token of its API, and a namespace that admits no other pod."""
    spec = pod()
    (container,) = spec["containers"]
    (account,) = resources("ServiceAccount")
    (namespace,) = resources("Namespace")

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == USER
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "privileged": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is account["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert not any("hostPath" in volume for volume in spec["volumes"])
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_nothing_is_heard_or_said_without_a_line() -> None:
    """One policy refuses all traffic of the namespace both ways; the gateway's own names a peer in each line."""
    policies = {one["metadata"]["name"]: one["spec"] for one in resources("NetworkPolicy")}

    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    lines = [*policies["gateway"]["ingress"], *policies["gateway"]["egress"]]
    assert all(line["ports"] for line in lines)
    assert all(peer for line in lines for peer in (line.get("from") or line["to"]))
    assert "0.0.0.0/0" not in str(policies)


# --- true to the program -------------------------------------------------------------------------


def test_open_questions_may_end() -> None:
    """Whoever stops an instance waits longer than it drains and ends its questions."""
    services_s = {float(services()[name]["stop_grace_period"].removesuffix("s")) for name in ("one", "two")}

    assert services_s == {pod()["terminationGracePeriodSeconds"]} == {30}
    assert grace_s() + 5 <= 30
    assert grace_s() == WebSettings().drain_s + WebSettings().shutdown_s


def test_probes_ask_what_the_gateway_answers() -> None:
    """Whether it is started anew is /healthz, whether it is asked is /readyz, on the ports of the settings."""
    (container,) = pod()["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    settings = load(SETTINGS)

    assert ports == {"http": settings.web.port, "metrics": settings.metrics.port}
    assert {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")} == {
        "startup": {"path": "/healthz", "port": "http"},
        "liveness": {"path": "/healthz", "port": "http"},
        "readiness": {"path": "/readyz", "port": "http"},
    }
    assert "/healthz" in IMAGE.read_text()
    assert all("/readyz" in services()[name]["healthcheck"]["test"][-1] for name in ("one", "two"))


def test_each_instance_has_a_ledger_of_its_own() -> None:
    """Own volume, own origin: nobody continues what another has written, and no ledger goes with its pod."""
    one, two = services()["one"], services()["two"]
    (workload,) = resources("StatefulSet")
    (claim,) = workload["spec"]["volumeClaimTemplates"]
    (container,) = pod()["containers"]
    folder = load(SETTINGS).ledger.folder.parent  # type: ignore[union-attr]
    origins = {value for each in (one, two) for value in each["environment"].values()}

    assert len(origins) == 2
    assert not set(one["volumes"]) & set(two["volumes"]) - {"./etc:/etc/gateway:ro"}
    assert all(any(volume.endswith(f":{folder}") for volume in each["volumes"]) for each in (one, two))
    assert {"name": claim["metadata"]["name"], "mountPath": str(folder)} in container["volumeMounts"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert set(workload["spec"]["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    assert any("$(POD_NAME)" in entry.get("value", "") for entry in container["env"])


def test_the_shipped_settings_name_what_is_mounted() -> None:
    """The settings load; what they name lies in the folders that both give, and each secret is one that compose has."""
    text = SETTINGS.read_text()
    (container,) = pod()["containers"]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    paths = set(re.findall(r'"(/[^"]+)"', text))

    assert all(any(Path(path).is_relative_to(mount) for mount in mounts) for path in paths)
    named = {Path(path).name for path in paths if path.startswith("/run/secrets/")}
    assert named == set(services()["one"]["secrets"]) == set(services()["two"]["secrets"])
    assert load(SETTINGS).metrics.api_key_sha256 == "0" * 64


def test_the_image_is_made_of_the_lock_and_holds_no_key() -> None:
    """By hash, as a user that is not root; what the sources do not name is not even sent to the builder."""
    text = IMAGE.read_text()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = {name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for name in line.split()}

    assert "--require-hashes -r requirements.lock" in text
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == [f"{USER}:{USER}"]
    assert "*" in ignored
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
