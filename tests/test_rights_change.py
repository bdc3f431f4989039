"""A change of rights: two persons approve just this content, or it is not taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import app
from gateway.app_approvals import change_in
from gateway.crypto import FileSigner
from gateway.errors import ApprovalError
from gateway.kit.check import check_approvals
from gateway.ledger.rights_change import RightsChange, approved
from gateway.settings import PolicySettings
from gateway.telemetry import Metrics
from tests.conftest import settings_for
from tests.policies import policy, rule

AN, BINH, STRANGER = (FileSigner(ec.generate_private_key(ec.SECP256R1())) for _ in range(3))
APPROVERS = {"an": AN.public_key, "binh": BINH.public_key, "an-again": AN.public_key}
CHANGE = RightsChange.of(b"[purposes]", "policy", "mau/ledger")
OTHERS = {
    "another content": RightsChange.of(b"[purposes] ", "policy", "mau/ledger"),
    "another file": RightsChange.of(b"[purposes]", "officers", "mau/ledger"),
    "another installation": RightsChange.of(b"[purposes]", "policy", "other/ledger"),
}


def test_two_persons_approve_a_content(tmp_path: Path) -> None:
    """Approvals of older contents may stand in the file; the ledger gets those that count, and the names."""
    tokens = [CHANGE.approval(AN), CHANGE.approval(BINH)]
    (tmp_path / "approvals").write_text("\n".join([OTHERS["another content"].approval(BINH), *tokens, ""]))

    said = approved(CHANGE, tmp_path / "approvals", APPROVERS)

    assert said == {"approved_by": ["an", "binh"], "approvals": tokens}


@pytest.mark.parametrize("second", [*OTHERS, "the same person", "a stranger", "nobody"])
def test_one_person_changes_no_rights(second: str, tmp_path: Path) -> None:
    """The same person twice, a stranger, or an approval of anything else is no second person."""
    more = {"the same person": CHANGE.approval(AN), "a stranger": CHANGE.approval(STRANGER), "nobody": "x"}
    token = OTHERS[second].approval(BINH) if second in OTHERS else more[second]
    (tmp_path / "approvals").write_text(f"{CHANGE.approval(AN)}\n{token}\n")

    with pytest.raises(ApprovalError, match="two different persons"):
        approved(CHANGE, tmp_path / "approvals", APPROVERS)


def test_a_file_that_is_not_there_approves_nothing(tmp_path: Path) -> None:
    """No file of approvals: nobody has approved."""
    with pytest.raises(ApprovalError, match="cannot be read"):
        approved(CHANGE, tmp_path / "approvals", APPROVERS)


async def test_a_policy_wants_two_persons_at_a_start_and_at_a_reload(tmp_path: Path) -> None:
    """A policy that one person has approved starts nothing and replaces nothing; `check` says how many are needed."""
    file, approvals, new = tmp_path / "policy.toml", tmp_path / "approvals", tmp_path / "new.toml"
    names = {}
    for name, signer in (("an", AN), ("binh", BINH)):
        names[name] = tmp_path / f"{name}.pem"
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        names[name].write_bytes(signer.public_key.public_bytes(serialization.Encoding.PEM, form))
    file.write_text(policy(rule({"dkdn.enterprise": ["*"]})))
    new.write_text(policy(rule({"dkdn.enterprise": ["name"]})))
    one_person = settings_for("http://127.0.0.1:9").model_copy(update={"policy": PolicySettings(file=file)})
    section = PolicySettings(file=file, approvals=approvals)
    settings = one_person.model_copy(update={"policy": section, "approvers": names})
    approvals.write_text(change_in(settings, "policy", file).approval(AN) + "\n")
    with pytest.raises(ApprovalError, match="there is 1"):
        app.build(settings, metrics=Metrics())
    with approvals.open("a") as lines:
        lines.write(change_in(settings, "policy", file).approval(BINH) + "\n")
        lines.write(change_in(settings, "policy", new).approval(AN) + "\n")
    core = app.build(settings, metrics=Metrics())
    before = core.rules.policy.current.version
    file.write_text(new.read_text())
    refused = await core.reloader.reload()
    meanwhile = core.rules.policy.current.version
    with approvals.open("a") as lines:
        lines.write(change_in(settings, "policy", new).approval(BINH) + "\n")
    taken = await core.reloader.reload()
    await core.close()

    assert [(one.part, "two different persons" in str(one.error)) for one in refused if one.error] == [("policy", True)]
    assert meanwhile == before
    assert [one.part for one in taken if one.changed] == ["policy"]
    said = [(one.probe.step, one.probe.detail, bool(one.probe.advice)) for one in check_approvals(one_person)]
    assert said == [("policy_approvals", "1", True)]
    assert [(one.probe.detail, one.probe.advice) for one in check_approvals(settings)] == [("2", "")]
