"""Documentation against code, walked both ways: what is there is described, and what is described is there."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import gateway
from gateway import app, errors, settings
from gateway.cli import cli
from gateway.clock import SystemClock
from gateway.commands.keys import Algorithm, make
from gateway.domain.compare.verdict import Verdict
from gateway.domain.dataset import Adapter
from gateway.domain.inquiry import Inquiry, Officer
from gateway.errors import REASONS, REFUSALS, EvidenceError, GatewayError, QuestionRefused, Reason, RegistryError
from gateway.lookup.kept_place import RESULTS
from gateway.lookup.request import LookupRequest
from gateway.telemetry import Metrics, where
from gateway.web import openapi, problems
from gateway.web.schemas import Problem
from gateway.wire.model import Wire
from gateway.wire.status import HTTP_REASONS, WSO2_REASONS, X_ROAD_REASONS
from gateway.wire.wrappers import WRAPPERS
from mocks import (
    bhxh,
    bhxh_people,
    cpxd,
    dancu,
    datdai,
    dkdn,
    gplx,
    hotich,
    khodlg,
    lltp,
    province,
    qhns,
    taichinh,
    tkds,
)
from mocks import server as mocks_server
from mocks.cpxd_permits import ISSUER
from mocks.datdai_land import SERIES
from mocks.faults import KINDS, Fault
from mocks.journal import Entry
from mocks.qhns_codes import PROJECT_PREFIX, UNIT_PREFIX
from tests.registries import OURS

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
ADAPTERS = {name: importlib.import_module(f"gateway.adapters.{name}").ADAPTER for name in OURS}
LOGGING = {"debug", "info", "warning", "error", "exception", "critical"}
OWN_PATHS = {"/docs", "/openapi.json"}


# --- reading Markdown ----------------------------------------------------------------------------


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def section(name: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    found = re.search(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", without_code(page(name)), re.MULTILINE | re.DOTALL
    )
    assert found, f"{name} has no heading {heading!r}"
    return found[1]


def plain(cell: str) -> str:
    """A cell without its back-ticks, where they enclose the whole of it."""
    return cell[1:-1] if re.fullmatch(r"`[^`]*`", cell) else cell


def tables(text: str) -> Iterator[list[dict[str, str]]]:
    """Every table in a text, as rows by column title."""
    for block in re.findall(r"(?:^\|.*\|\n)+", text + "\n", re.MULTILINE):
        head, rule, *rows = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block.strip().splitlines()
        ]
        assert all(set(cell) <= set("- :") for cell in rule), block
        assert all(len(row) == len(head) for row in rows), block
        yield [dict(zip(head, map(plain, row), strict=True)) for row in rows]


def table(name: str, heading: str) -> list[dict[str, str]]:
    """The one table under a heading."""
    (found,) = tables(section(name, heading))
    return found


def by(rows: list[dict[str, str]], *columns: str) -> dict[Any, dict[str, str]]:
    """Rows by the value of one column or several; none may stand twice."""
    keys = [row[columns[0]] if len(columns) == 1 else tuple(row[column] for column in columns) for row in rows]
    assert len(keys) == len(set(keys)), f"twice: {sorted(key for key in keys if keys.count(key) > 1)}"
    return dict(zip(keys, rows, strict=True))


# --- settings ------------------------------------------------------------------------------------


class Setting(NamedTuple):
    path: str
    scheme: str
    default: str


def code_settings(model: type[BaseModel] = settings.Settings, above: str = "", scheme: str = "") -> Iterator[Setting]:
    """Every setting with the default that the code has; `scheme` is set inside credentials."""
    for name, field in model.model_fields.items():
        inner = settings._sections(field.annotation)
        if not inner:
            default = field.get_default(call_default_factory=True)
            yield Setting(f"{above}{name}", scheme, "required" if default is PydanticUndefined else str(default))
        for one in inner:
            by_name = "<name>." if "dict[" in str(field.annotation) else ""
            scheme_name = str(one.model_fields["scheme"].default) if "scheme" in one.model_fields else scheme
            yield from code_settings(one, f"{above}{name}.{by_name}", scheme_name)


def documented_settings() -> dict[tuple[str, str], dict[str, str]]:
    """Every row that has a setting, by path and scheme; a row may stand for several schemes, or for every one."""
    every = {one.scheme for one in code_settings() if one.scheme}
    found: dict[tuple[str, str], dict[str, str]] = {}
    for rows in tables(without_code(page("docs/settings.md"))):
        for row in rows:
            named = set(re.findall(r"\w+", row.get("scheme", "")))
            for scheme in (every if named == {"every"} else named or {""}) if "setting" in row else ():
                key = (row["setting"], scheme)
                assert key not in found, f"twice: {key}"
                found[key] = row
    return found


def test_every_setting_is_documented() -> None:
    """docs/settings.md has a row for each setting, under its credentials scheme where it has one, and none besides."""
    documented = documented_settings()

    assert {path for path, _ in documented} == {path for path, _ in settings.paths()}
    assert set(documented) == {(one.path, one.scheme) for one in code_settings()}


@pytest.mark.parametrize("setting", sorted(set(code_settings())), ids=lambda one: f"{one.path}:{one.scheme}")
def test_every_setting_has_the_documented_default(setting: Setting) -> None:
    """The default that docs/settings.md gives is that of the code."""
    in_words = {
        "None": {"none", "the adapter's default", "the dataset's own"},
        "()": {"none"},
        "{}": {"none"},
        "False": {"false"},
        "True": {"true"},
        "": {"empty"},
    }
    is_scheme = setting.path.endswith(".scheme")
    expected = {"required in the section"} if is_scheme else in_words.get(setting.default, {setting.default})

    assert documented_settings()[setting.path, setting.scheme]["default"] in expected


def test_every_wrapper_is_documented() -> None:
    """docs/settings.md has one row for each wrapper that a setting may name, and none besides."""
    annotation = settings.RegistrySettings.model_fields["wrapper"].annotation

    assert set(by(table("docs/settings.md", "Wrappers"), "wrapper")) == set(WRAPPERS) == set(get_args(annotation))


# --- metrics and logs ----------------------------------------------------------------------------


def test_every_metric_is_documented() -> None:
    """docs/metrics.md names each metric as it is exposed, with its type and labels, and no other."""
    metrics = Metrics()
    families = {family.name: family.type for family in metrics.registry.collect()}
    every = [*vars(metrics).values(), *vars(metrics.tickets).values()]
    labels = {one._name: one._labelnames for one in every if hasattr(one, "_labelnames")}
    assert set(families) == set(labels)

    described = by(table("docs/metrics.md", "Metrics"), "metric")

    assert {name: (row["type"], tuple(re.findall(r"\w+", row["labels"]))) for name, row in described.items()} == {
        name + ("_total" if kind == "counter" else ""): (kind, tuple(labels[name])) for name, kind in families.items()
    }


def logged_events() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every event that the source logs: name, level and keys."""
    for file in sorted(Path(gateway.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Call(func=maker), attr=level)) if level in LOGGING:
                    if ast.unparse(maker).rpartition(".")[2] != "log":
                        continue
                    event = node.args[0]
                    assert isinstance(event, ast.Constant), f"{file.name}:{node.lineno}: an event is a constant"
                    keys = {keyword.arg for keyword in node.keywords if keyword.arg}
                    for keyword in node.keywords:
                        if keyword.arg is None:
                            assert ast.unparse(keyword.value).endswith("where(exc)"), ast.unparse(keyword.value)
                            keys |= set(where(ValueError()))
                    yield str(event.value), level, frozenset(keys)


def test_every_log_event_is_documented() -> None:
    """docs/metrics.md names each event that the source logs, with its level and keys, and no other."""
    described = by(table("docs/metrics.md", "Logs"), "event")

    assert {
        (event, row["level"], frozenset(re.findall(r"\w+", row["keys"]))) for event, row in described.items()
    } == set(logged_events())


def test_every_expression_names_metrics_and_words_that_are_there() -> None:
    """The expressions of docs/metrics.md name only metrics that are documented and words of the closed lists."""
    known = set(by(table("docs/metrics.md", "Metrics"), "metric"))
    words = {word.value for word in (*REASONS, *REFUSALS, *Verdict)} | {"found", "absent", "unknown", *RESULTS}

    for row in table("docs/metrics.md", "What to look at"):
        assert {
            re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"gateway_\w+", row["expression"])
        } <= known
        assert set(re.findall(r'"(\w+)"', row["expression"])) <= words


# --- errors --------------------------------------------------------------------------------------


def said(error: type[RegistryError] | type[QuestionRefused]) -> dict[str, str]:
    """What an error class says of itself, in the columns of docs/errors.md."""
    return {
        "status": str(error.http_status),
        "who acts": error.actor.value,
        "Vietnamese": error.title_vi,
        "English": error.title_en,
    }


def test_every_reason_is_documented() -> None:
    """docs/errors.md says of each reason what its error class says: status, actor, another attempt, both texts."""
    described = by(table("docs/errors.md", "Reasons: the registry gave no answer"), "reason")

    assert described == {
        reason.value: {"reason": reason.value, "again": "yes" if error.retryable else "no"} | said(error)
        for reason, error in REASONS.items()
    }


def test_every_refusal_is_documented() -> None:
    """docs/errors.md says of each refusal what its error class says: status, actor, both texts."""
    described = by(table("docs/errors.md", "Refusals: the question never left"), "refusal")

    assert described == {refusal.value: {"refusal": refusal.value} | said(error) for refusal, error in REFUSALS.items()}


@pytest.mark.parametrize(("kind", "words"), [("reason", REASONS), ("refusal", REFUSALS)])
def test_every_word_says_what_to_do(kind: str, words: dict[str, Any]) -> None:
    """docs/errors.md says of each reason and refusal when to ask again and what an operator does."""
    described = by(table("docs/errors.md", f"What to do about a {kind}"), kind)

    assert set(described) == {word.value for word in words}
    assert all(all(row.values()) for row in described.values())


def test_every_member_of_a_problem_is_documented() -> None:
    """docs/errors.md has one row for each member of a problem document, and none besides."""
    described = by(table("docs/errors.md", "Errors: every word a caller may get"), "member")

    assert set(described) == set(Problem.model_fields)


def test_every_other_problem_is_documented() -> None:
    """docs/errors.md has the problems that are neither reason nor refusal, with status and texts, and no other."""
    answers = [problems.for_status(status) for status in (*range(400, 500), 503)] + [problems.for_bug("")]
    answers += [problems.for_not_shown("", error(), SystemClock()) for error in errors.NotShown.__subclasses__()]
    bodies = [json.loads(answer.body) for answer in answers]
    first = {body["type"].removeprefix(problems.TYPE): body for body in reversed(bodies)}
    described = by(table("docs/errors.md", "Other problems"), "word")

    assert {word: (row["status"], row["Vietnamese"], row["English"]) for word, row in described.items()} == {
        word: (str(body["status"]), body["detail"], body["title"]) for word, body in first.items()
    }


def test_no_word_stands_for_two_things() -> None:
    """Reasons, refusals and the other problems share no word."""
    others = set(by(table("docs/errors.md", "Other problems"), "word"))

    of_evidence = {error.word for error in EvidenceError.__subclasses__()}
    assert not set(REASONS) & set(REFUSALS)
    assert not (others | of_evidence) & {word.value for word in (*REASONS, *REFUSALS)}
    assert not others & of_evidence


def test_every_error_of_evidence_is_documented() -> None:
    """docs/errors.md has one row for each way in which evidence does not hold, with both texts, and none besides."""
    described = by(table("docs/errors.md", "Evidence that does not hold"), "word")

    assert {word: (row["Vietnamese"], row["English"]) for word, row in described.items()} == {
        error.word: (error.title_vi, error.title_en) for error in EvidenceError.__subclasses__()
    }
    assert all(row["what to do"] for row in described.values())


def documented_ranges(heading: str, column: str) -> list[tuple[int, int, str]]:
    rows = table("docs/errors.md", heading)
    ends = [(row[column].partition("–"), row["reason"]) for row in rows]
    return [(int(first), int(last or first), reason) for (first, _, last), reason in ends]


@pytest.mark.parametrize(
    ("heading", "column", "code"), [("WSO2", "code", WSO2_REASONS), ("HTTP", "status", HTTP_REASONS)]
)
def test_the_tables_of_statuses_are_those_of_the_code(heading: str, column: str, code: dict[range, Reason]) -> None:
    """The rows of docs/errors.md are the code's own ranges, in the code's order."""
    assert documented_ranges(heading, column) == [(codes[0], codes[-1], reason.value) for codes, reason in code.items()]


def test_the_table_of_x_road_is_that_of_the_code() -> None:
    """The rows of docs/errors.md are the code's own beginnings of X-Road error types, in the code's order."""
    rows = table("docs/errors.md", "X-Road")

    assert [(row["begins with"], row["reason"]) for row in rows] == [
        (prefix, reason.value) for prefix, reason in X_ROAD_REASONS
    ]


def drawn_tree() -> Iterator[tuple[str, str, str]]:
    """Each class of the tree drawn at the top of gateway/errors.py: parent, name, what stands beside it."""
    assert errors.__doc__
    above: list[str] = []
    for line in errors.__doc__.splitlines():
        found = re.fullmatch(r"    ((?:│   |    )*(?:[├└]── )?)(\w+)(?: +(.*))?", line)
        if found:
            depth = len(found[1]) // 4
            above[depth:] = [found[2]]
            yield (above[depth - 1] if depth else "", found[2], found[3] or "")


def defined_errors(root: type[GatewayError] = GatewayError, above: str = "") -> Iterator[tuple[str, str]]:
    """Each class that a loaded module of the gateway defines below GatewayError, with its parent."""
    yield above, root.__name__
    for child in root.__subclasses__():
        if child.__module__.partition(".")[0] == "gateway":
            yield from defined_errors(child, root.__name__)


def test_every_error_is_drawn_in_the_tree() -> None:
    """The tree at the top of gateway/errors.py draws every error class in its place, and no other."""
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    assert sorted((parent, name) for parent, name, _ in drawn_tree()) == sorted(defined_errors())


def test_every_drawn_error_has_its_word() -> None:
    """Beside each error that has a reason or a refusal, the tree names that very word."""
    beside = {name: text.partition(" ")[0] for _, name, text in drawn_tree()}

    for word, error in (*REASONS.items(), *REFUSALS.items()):
        assert beside[error.__name__] == word.value


def test_only_leaves_are_raised_for_a_word() -> None:
    """Every reason and refusal belongs to one error class, and that class has none below it."""
    for words, errors_by_word in ((errors.Reason, REASONS), (errors.Refusal, REFUSALS)):
        assert set(errors_by_word) == set(words)
        assert not any(error.__subclasses__() for error in errors_by_word.values())


# --- the API -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> app.Core:
    folder = tmp_path_factory.mktemp("core")
    make(folder / "keys", Algorithm.ES256)
    keys = settings.KeysSettings(
        signing_key_file=folder / "keys" / "signing-key.pem", secret_files=(folder / "keys" / "secret",)
    )
    demo = settings.load(ROOT / "demo" / "gateway.toml")
    assert demo.ledger is not None
    ledger = demo.ledger.model_copy(update={"folder": folder / "ledger"})
    batches = settings.BatchSettings(file=folder / "batches.db")
    return app.build(demo.model_copy(update={"keys": keys, "ledger": ledger, "batches": batches}))


def served(routes: Any) -> set[tuple[str, str]]:
    """Method and path of each route; HEAD beside GET is left out."""
    return {(route.method, route.resource.canonical) for route in routes if route.method != "HEAD"}


def test_every_route_is_documented(core: app.Core) -> None:
    """docs/api.md has one row for each route of the front door; the files of /docs share one."""
    routes = served(app.front_door(core, SystemClock()).router.routes())
    described = by(table("docs/api.md", "Routes"), "method", "path")

    assert set(described) == {(method, "/docs/*" if path.startswith("/docs/") else path) for method, path in routes}


def test_every_route_is_in_the_openapi_document(core: app.Core) -> None:
    """/openapi.json describes each route but itself and /docs, says who needs a key, and so does docs/api.md."""
    routes = served(app.front_door(core, SystemClock()).router.routes())
    document = openapi.document(core.catalogue, app.parts(core, SystemClock()))
    operations = {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    described = by(table("docs/api.md", "Routes"), "method", "path")

    assert set(operations) == {
        (method, path) for method, path in routes if path not in OWN_PATHS and not path.startswith("/docs/")
    }
    for route, operation in operations.items():
        assert described[route]["key"] == ("no" if operation.get("security") == [] else "yes"), route


def test_every_member_of_a_lookup_is_documented() -> None:
    """docs/api.md has one row for each member of a lookup's body and of its inquiry, and says which are needed."""

    def members(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, str]]:
        for name, field in model.model_fields.items():
            if field.annotation in {Inquiry, Officer}:
                yield from members(field.annotation, f"{above}{name}.")  # type: ignore[arg-type]
            else:
                yield f"{above}{name}", "yes" if field.is_required() else "no"

    described = by(table("docs/api.md", "A lookup"), "member")

    assert {member: row["needed"] for member, row in described.items()} == dict(members(LookupRequest))


# --- the command line ----------------------------------------------------------------------------


def commands(group: Any = None, above: str = "gateway") -> Iterator[tuple[str, Any]]:
    """Every command of the typer application with its whole name."""
    for name, command in (group or typer.main.get_command(cli)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{above} {name}")
        else:
            yield f"{above} {name}", command


@cache
def options() -> dict[str, dict[tuple[str, ...], str]]:
    """Options and arguments of every command, those of `gateway mocks` too, with their defaults."""
    found = {
        name: {
            tuple(parameter.opts): "required" if parameter.required else str(parameter.default)
            for parameter in command.params
            if parameter.name != "help"
        }
        for name, command in commands()
    }
    found["gateway mocks"] = {
        tuple(action.option_strings): str(action.default)
        for action in mocks_server._options()._actions
        if action.dest != "help"
    }
    return found


def test_every_command_is_documented() -> None:
    """docs/cli.md has a section for each command, those that come by entry point too, and the README a row."""
    foreign = {f"gateway {point.name}" for point in entry_points(group="gateway.commands")}
    assert foreign == {"gateway mocks"}
    known = {name for name, _ in commands()} | foreign

    assert set(re.findall(r"^## (gateway .*)$", page("docs/cli.md"), re.MULTILINE)) == known
    assert {f"gateway {name}" for name in by(table("README.md", "Commands"), "command")} == known


@pytest.mark.parametrize("command", sorted(options()))
def test_every_option_is_documented(command: str) -> None:
    """docs/cli.md has one row for each option and argument of the command, with its default, and none besides."""
    in_words = {"None": {"none", "all", "standard input"}, "False": {"no"}, "[]": {"none"}}
    described = {tuple(re.findall(r"[\w-]+", row["option"])): row["default"] for row in table("docs/cli.md", command)}

    assert set(described) == set(options()[command])
    for names, default in options()[command].items():
        assert described[names] in in_words.get(default, {default}), names


def shown_commands() -> Iterator[tuple[str, str]]:
    for file in PAGES:
        for line in re.findall(r"(?:\.venv/bin/|^|`)gateway ([a-z][^`\n|#]*)", page(str(file)), re.MULTILINE):
            first = line.split()[0]
            if first in {name.split()[1] for name in options()}:
                yield file.name, line.strip()


@pytest.mark.parametrize(("file", "line"), sorted(set(shown_commands())))
def test_every_command_line_shown_is_one(file: str, line: str) -> None:
    """A command line in the documentation names a command that is there and only options that it knows."""
    words = shlex.split(line)
    name = max((name for name in options() if f"gateway {line} ".startswith(f"{name} ")), key=len)

    known = {option for names in options()[name] for option in names} | {"--help"}
    assert {word for word in words if word.startswith("-")} <= known


# --- adapters, stand-ins, the README -------------------------------------------------------------


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=list(ADAPTERS))
def test_every_adapter_option_is_documented(adapter: Adapter) -> None:
    """docs/adapters.md has one row for each option of the adapter, with its default, and none besides."""
    described = by(table("docs/adapters.md", adapter.registry), "option")

    assert {option: row["default"] for option, row in described.items()} == {
        name: json.dumps(field.default, ensure_ascii=False).strip('"')
        for name, field in adapter.options.model_fields.items()
    }


def test_every_adapter_of_ours_is_walked_here() -> None:
    """The adapters whose options and datasets are compared are all that this distribution brings."""
    ours = [point for point in entry_points(group="gateway.adapters") if point.value.startswith("gateway.")]

    assert {point.name for point in ours} == set(ADAPTERS)


def test_every_fault_is_documented() -> None:
    """docs/mocks.md has one row for each kind of fault and what the gateway says to it, and none besides."""
    described = by(table_with("docs/mocks.md", "Faults", "what the gateway says"), "fault")

    assert tuple(described) == KINDS
    reasons = {reason.value for reason in Reason}
    for row in described.values():
        assert set(row["what the gateway says"].replace("`", "").split(", or ")) <= reasons | {"the answer"}


def test_every_member_of_a_fault_is_documented() -> None:
    """docs/mocks.md has one row for each member of a fault, with its default, and none besides."""
    described = by(table_with("docs/mocks.md", "Faults", "member"), "member")
    whole = Fault("silence")
    defaults = {name: json.dumps(getattr(whole, name)) for name in whole.__dataclass_fields__}

    assert {name: row["default"].removesuffix(".0") for name, row in described.items()} == {
        "fault" if name == "kind" else name: "required" if name == "kind" else default.removesuffix(".0")
        for name, default in defaults.items()
    }


def table_with(name: str, heading: str, column: str) -> list[dict[str, str]]:
    """The table under a heading that has a column of that title."""
    (found,) = [rows for rows in tables(section(name, heading)) if column in rows[0]]
    return found


def test_every_route_of_the_stand_ins_is_documented() -> None:
    """docs/mocks.md has one row for each route of the mocks' own, and none besides."""
    routes = served(mocks_server.create_app(()).router.routes())
    described = by(table("docs/mocks.md", "The server's own routes"), "method", "path")

    assert set(described) == routes


def test_every_member_of_the_journal_is_documented() -> None:
    """docs/mocks.md has one row for each member of a journal entry, and none besides."""
    assert set(by(table("docs/mocks.md", "The journal"), "member")) == set(Entry.__dataclass_fields__)


def test_every_credential_of_a_stand_in_is_documented() -> None:
    """docs/mocks.md says what each stand-in wants to be shown."""
    wanted = by(table("docs/mocks.md", "What it answers"), "stand-in")

    assert set(wanted) == set(ADAPTERS)
    for value in (dancu.USERNAME, dancu.SECRET, dancu.SV_URL, dancu.XROAD_CLIENT, dancu.API_KEY):
        assert value in wanted["dancu"]["what it wants"]
    for value in (dkdn.CONSUMER_KEY, dkdn.CONSUMER_SECRET):
        assert value in wanted["dkdn"]["what it wants"]
    for name, stand_in in {"cpxd": cpxd, "khodlg": khodlg, "qhns": qhns, "tkds": tkds}.items():
        for value in (stand_in.CONSUMER_KEY, stand_in.CONSUMER_SECRET):
            assert value in wanted[name]["what it wants"]
    for value in (
        datdai.CONSUMER_KEY,
        datdai.CONSUMER_SECRET,
        datdai.SECURITY_CODE,
        datdai.CLIENT_ID,
        datdai.CLIENT_SECRET,
        datdai.ACCOUNT,
        datdai.PASSWORD,
    ):
        assert value in wanted["datdai"]["what it wants"]
    for value in (hotich.CONSUMER_KEY, hotich.CONSUMER_SECRET, hotich.PROVINCE):
        assert value in wanted["hotich"]["what it wants"]
    for value in (lltp.AUTH_KEY, lltp.CONSUMER_KEY, lltp.CONSUMER_SECRET, lltp.PROVINCE):
        assert value in wanted["lltp"]["what it wants"]
    for value in (bhxh.USERNAME, bhxh.PASSWORD, bhxh.CONSUMER_KEY, bhxh.CONSUMER_SECRET):
        assert value in wanted["bhxh"]["what it wants"]
    for value in (gplx.USERNAME, gplx.PASSWORD, gplx.API_KEY):
        assert value in wanted["gplx"]["what it wants"]
    assert taichinh.SENDER_CODE in wanted["taichinh"]["what it wants"]


def test_every_number_range_is_documented() -> None:
    """docs/mocks.md names every prefix that numbers of the synthetic province have."""
    text = section("docs/mocks.md", "The synthetic province")

    own = (SERIES, "H99.", ISSUER, UNIT_PREFIX, PROJECT_PREFIX)
    assert all(f"`{prefix}`" in text for prefix in (*province.PREFIXES, "99", province.PROVINCE_CODE, *own))
    others = (*bhxh_people.PREFIXES, "990", "XX", "G01.99")
    assert all(f"`{prefix}`" in text for prefix in (*province.PREFIXES, "99", province.PROVINCE_CODE, *others))


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_word_of_an_adapter_is_in_the_glossary(adapter: str) -> None:
    """docs/glossary.md says what each name that the registry uses for an element or member is in our words."""
    package = importlib.import_module(f"gateway.adapters.{adapter}")
    names = [one.name for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    modules = [importlib.import_module(name) for name in names if name.endswith(".wire")]
    models = [
        one for module in modules for one in vars(module).values() if isinstance(one, type) and issubclass(one, Wire)
    ]
    fields = [field for model in models for field in model.model_fields.values()]
    aliases = {field.alias.removeprefix("@") for field in fields if field.alias is not None}
    words = set(re.findall(r"\w+", section("docs/glossary.md", f"Words of {adapter}")))

    assert aliases
    assert aliases <= words


def test_every_dataset_of_every_contract_version_is_documented() -> None:
    """docs/adapters.md names each dataset that a contract version offers, as the registry calls it, and no other."""
    described = by(table("docs/adapters.md", "What each contract version offers"), "contract", "dataset")

    assert {key: row["the registry's own name for it"] for key, row in described.items()} == {
        (f"{name}@{version}", dataset.noun): dataset.operation_in(version)
        for name, adapter in ADAPTERS.items()
        for version in adapter.contracts
        for dataset in adapter.offered(version)
    }


# --- pages ---------------------------------------------------------------------------------------


def anchors(file: Path) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.*)$", without_code(file.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> Iterator[tuple[Path, str]]:
    for file in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(file.read_text(encoding="utf-8"))):
            if not re.match(r"https?:", target):
                yield file, target


@pytest.mark.parametrize(("file", "target"), list(links()), ids=lambda one: getattr(one, "name", one))
def test_every_link_leads_somewhere(file: Path, target: str) -> None:
    """A link from one page to another names a file that is there and a heading that it has."""
    path, _, anchor = target.partition("#")
    there = (file.parent / path).resolve() if path else file

    assert there.is_file()
    assert there.is_relative_to(ROOT)
    assert not anchor or anchor in anchors(there)


def test_every_decision_is_in_the_index() -> None:
    """docs/decisions/README.md lists every decision under its number and title, in order, and no number twice."""
    folder = ROOT / "docs" / "decisions"
    files = sorted(folder.glob("[0-9]*.md"))
    titles = [file.read_text(encoding="utf-8").splitlines()[0] for file in files]
    listed = [row["number"] for row in table("docs/decisions/README.md", "Decisions")]

    assert listed == [f"[{file.name[:4]}]({file.name})" for file in files]
    assert len({file.name[:4] for file in files}) == len(files)
    assert all(title.startswith(f"# {file.name[:4]}: ") for title, file in zip(titles, files, strict=True))


def test_every_example_question_is_a_question() -> None:
    """The question shown in docs/api.md is the demo's own, to the letter."""
    (question,) = re.findall(r"^## A lookup\n\n```json\n(.*?)^```$", page("docs/api.md"), re.MULTILINE | re.DOTALL)

    assert json.loads(question) == json.loads(page("demo/question.json"))
