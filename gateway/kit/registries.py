"""What the pytest fixtures give: the registries of a run, each its stand-in or what answers at an address."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from contracts.reader import CaseFile, Contract
from contracts.reader import installed as installed_contracts
from gateway import app
from gateway.app import installed_adapters
from gateway.domain.dataset import Adapter
from gateway.domain.inquiry import Inquiry
from gateway.domain.outcome import Outcome
from gateway.kit.cases import cases_of, inquiry_of, options_of, run_in_instance
from gateway.kit.sections import section
from gateway.settings import RegistrySettings, Settings, load

__all__ = ["Registries", "RegistryCase", "Target", "UsageError", "cases", "targets"]

T = TypeVar("T")
_DEADLINE_S = 5
_ANSWERS_WITHIN_S = 10


class UsageError(ValueError):
    """What was asked for on the command line cannot be."""


@dataclass(frozen=True, slots=True)
class Target:
    """A registry in a contract version (None: whichever a case file is of), at an address; None is its stand-in."""

    registry: str
    contract: str | None
    url: str | None


def targets(given: Sequence[str]) -> list[Target]:
    """What `--registry` names. Raises UsageError for what is not installed, or is no `NAME[@CONTRACT]=mock|URL`."""
    found = []
    for text in given:
        named, _, where = text.partition("=")
        name, _, contract = named.partition("@")
        adapter = installed_adapters().get(name)
        if adapter is None:
            raise UsageError(f"--registry {text}: {name} is not installed; there are {', '.join(installed_adapters())}")
        if contract and contract not in adapter.contracts:
            raise UsageError(f"--registry {text}: {name} knows {', '.join(adapter.contracts)}")
        if where != "mock" and not where.startswith(("http://", "https://")):
            raise UsageError(f"--registry {text}: say {named}=mock or {named}=http://…")
        url = None if where == "mock" else where.rstrip("/")
        # Whoever is at an address speaks one version; a stand-in speaks all.
        spoken = contract or (adapter.default_contract if url else None)
        found.append(Target(name, spoken, url))
    return found


@dataclass(frozen=True, slots=True)
class RegistryCase:
    """One case file, to be asked of whoever a run is about."""

    adapter: Adapter
    contract: Contract
    noun: str
    case: CaseFile

    @property
    def id(self) -> str:
        """For people: `dancu.citizen/found`."""
        return f"{self.adapter.registry}.{self.noun}/{self.case.name}"

    def problems(self, registries: Registries) -> tuple[str, ...]:
        """What is not as recorded, by place and never by value; empty where all is well."""
        return registries.problems_of(self)


def cases(given: Sequence[str], otherwise: Sequence[str] = ()) -> list[RegistryCase]:
    """
    The case files of the registries that are named on the command line, or else of the stand-ins of `otherwise`. One
    with options of its own is only asked of a stand-in: somebody else's endpoint has its own.
    """
    adapters, contracts = installed_adapters(), installed_contracts()
    found = {}
    for target in targets(given or [f"{name}=mock" for name in otherwise]):
        adapter, contract = adapters[target.registry], contracts[target.registry]
        for noun, case in cases_of(adapter, contract):
            fits = target.contract in {None, case.contract} and not (target.url and case.options)
            if fits and (target.url or case.contract not in adapter.signatures):
                one = RegistryCase(adapter, contract, noun, case)
                found[one.id] = one
    return list(found.values())


class Registries:
    """
    The registries of a run.

    Args:
        given: as on the command line.
        settings: a settings file whose instances give credentials, options and route; a stand-in is told the options.
    """

    def __init__(self, given: Sequence[str] = (), settings: str | Path | None = None) -> None:
        self._targets = targets(given)
        self._instances: Mapping[str, RegistrySettings] = load(Path(settings)).registries if settings else {}
        self._stand_ins: subprocess.Popen[str] | None = None
        self._base = ""
        self._served = {point.name for point in entry_points(group="gateway.mocks")}
        self._own_loop = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registries")

    def __enter__(self) -> Registries:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self._own_loop.shutdown()
        if self._stand_ins is not None:
            self._stand_ins.terminate()
            self._stand_ins.communicate()

    def url(self, registry: str) -> str:
        """Where a registry answers, without a slash at its end: as named on the command line, or its stand-in."""
        given = self._target(registry)
        return given.url if given is not None and given.url else self._stand_in(registry)

    def is_mock(self, registry: str) -> bool:
        """Whether its stand-in answers."""
        given = self._target(registry)
        return given is None or given.url is None

    def section(self, registry: str, contract: str | None = None, **changes: Any) -> dict[str, Any]:
        """
        A section `registries.NAME` of the gateway's settings that reaches it, with `changes` to its keys. Towards a
        stand-in a settings file gives the contract version and the options alone: no key, and no way to anybody else.
        Towards an address it gives all but other ways (`endpoints`).
        """
        given, set_so = self._target(registry), self._instances.get(registry)
        contract = contract or (given.contract if given is not None else None)
        if self.is_mock(registry):
            contract = contract or (set_so.contract if set_so is not None else None)
            found = section(registry, contract, self.url(registry).rpartition("/")[0])
            if set_so is not None:
                found["options"] = {**found.get("options", {}), **set_so.options}
        elif set_so is not None:
            found = set_so.model_dump(exclude_unset=True, exclude={"endpoints"})
            found |= {"contract": contract} if contract else {}
        else:
            base = self.url(registry)
            # The examples' addresses below a stand-in (`…/dkdn/token`) are the same below this one.
            found = json.loads(json.dumps(section(registry, contract, base)).replace(f"{base}/{registry}", base))
        return found | {"endpoint": self.url(registry)} | changes

    def ask(self, dataset: str, query: Mapping[str, Any], inquiry: Mapping[str, Any] | None = None) -> Outcome[Any]:
        """
        One question (`dancu.citizen`), through adapter, credentials and limits as in production; nothing is recorded.
        Without an inquiry the contract's own invented officer asks.
        """
        registry, _, noun = dataset.partition(".")
        if registry not in installed_adapters():
            raise UsageError(f"{dataset}: {registry} is not installed; there are {', '.join(installed_adapters())}")
        adapter, contract = installed_adapters()[registry], installed_contracts()[registry]
        asked = adapter.dataset(noun)
        if asked is None:
            raise UsageError(f"{dataset}: {registry} has {', '.join(one.noun for one in adapter.datasets)}")
        who = inquiry_of(contract) if inquiry is None else Inquiry.model_validate(dict(inquiry))

        async def answer() -> Outcome[Any]:
            core = self._core(registry, self.section(registry))
            try:
                channel = core.catalogue.instances[registry].channel
                return (await channel.ask(asked, asked.query.model_validate(dict(query)), who)).outcome
            finally:
                await core.close()

        return self._run(answer())

    def problems_of(self, one: RegistryCase) -> tuple[str, ...]:
        """What is not as recorded when a case file is asked."""
        registry = one.adapter.registry
        changes: dict[str, Any] = {"deadline_s": _DEADLINE_S}
        if self.is_mock(registry):
            changes["options"] = options_of(one.contract, one.case)

        async def problems() -> tuple[str, ...]:
            core = self._core(registry, self.section(registry, one.case.contract, **changes))
            try:
                instance = core.catalogue.instances[registry]
                return (await run_in_instance(instance, one.contract, one.noun, one.case)).problems
            finally:
                await core.close()

        return self._run(problems())

    def fault(self, target: str, kind: str, **more: Any) -> None:
        """
        Let a stand-in, or one dataset of it (`dancu.household`), fail until `heal`: a kind of the stand-ins' own, such
        as `silence`, with its figures. Raises UsageError with what the stand-ins say against it.
        """
        self._admin("PUT", target, {"fault": kind, **more})

    def heal(self, target: str) -> None:
        """Let a stand-in, or one dataset of it, work again."""
        self._admin("DELETE", target, None)

    def _target(self, registry: str) -> Target | None:
        return next((one for one in self._targets if one.registry == registry), None)

    def _core(self, registry: str, values: Mapping[str, Any]) -> app.Core:
        return app.build(Settings.model_validate({"registries": {registry: dict(values)}}))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """In a loop and thread of its own, so that tests with and without a loop can ask."""
        return self._own_loop.submit(asyncio.run, work).result()

    def _stand_in(self, registry: str) -> str:
        if registry not in self._served:
            raise UsageError(f"{registry}: no stand-in is installed for it; name an address: --registry {registry}=URL")
        if self._stand_ins is None:
            started = subprocess.Popen(
                [sys.executable, "-m", "mocks", "--port", "0"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )
            assert started.stdout is not None  # noqa: S101  opened with a pipe
            # A line for each, such as `dancu http://127.0.0.1:43210/dancu`, once they listen.
            first = started.stdout.readline().split()
            if len(first) != 2:
                started.terminate()
                started.communicate()
                raise UsageError("the stand-ins do not start: see what `python -m mocks --port 0` says")
            self._stand_ins, self._base = started, first[1].rpartition("/")[0]
        return f"{self._base}/{registry}"

    def _admin(self, method: str, target: str, body: Any) -> None:
        registry = target.partition(".")[0]
        if not self.is_mock(registry):
            raise UsageError(f"{registry}: only a stand-in can be told to fail")
        url = self._stand_in(registry).rpartition("/")[0]
        data = json.dumps(body).encode() if body is not None else None
        asked = Request(f"{url}/_mocks/faults/{target}", data=data, method=method)  # noqa: S310  our own stand-in
        try:
            urlopen(asked, timeout=_ANSWERS_WITHIN_S).close()  # noqa: S310
        except HTTPError as exc:
            with exc:
                told = exc.read().decode()
            said = json.loads(told)["detail"] if "problem+json" in exc.headers.get("Content-Type", "") else told
            raise UsageError(f"{target}: {said}") from None
