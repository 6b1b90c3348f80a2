"""What no program declared and somebody changed, by outputs beyond inputs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from iac_adapters.pulumi.checkpoint import StateResource
from iac_adapters.pulumi.loaded import LoadedResource, Recorded
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.witness import Witnesses
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.redactor import Redactor
from reconciler.domain.model import InSync, Observed, RecordedResource, ResourceAddress, Status
from reconciler.domain.severity import Rulebook
from reconciler.domain.severity_catalogue import CATALOGUE
from reconciler.domain.undeclared_scan import Yardstick, compared
from tests.unit.pulumi.raw import secret

_KEY = b"k" * 32
_AT = datetime(2026, 11, 28, tzinfo=UTC)
Outputs = Mapping[str, Any]


def resource(
    name: str, outputs: Outputs, inputs: Outputs, *, type_: str = "aws:Bucket", **content: Any
) -> LoadedResource:
    urn = f"urn:pulumi:dev::p::{type_}::{name}"
    state = StateResource(
        urn=urn,
        type=type_,
        custom=True,
        id=f"{name}-id",
        inputs=inputs,
        outputs=outputs,
        parent="",
        provider="p",
        content=content,
    )
    return LoadedResource(
        recorded_as=RecordedResource(address=ResourceAddress(urn), type=type_, status=Status.LIVE),
        state=state,
        recorded=Recorded(state.id, inputs, outputs),
        ignored=state.ignore_changes,
    )


def undeclared(*seen: tuple[LoadedResource, Outputs]) -> dict[str, set[str]]:
    """Return what is found undeclared of `seen`, resources with what is read of them, by name."""
    resources = {one.recorded_as.address: one for one, _ in seen}
    witnesses = Witnesses(resources, Redactor(), SecretDigester(_KEY), {})
    observed = [
        Observed(
            one.recorded_as.address,
            InSync(),
            witness=witnesses.of(one, ReadAnswer(one.subject.id, live, None)),
        )
        for one, live in seen
    ]
    held = compared(observed, Yardstick(), rulebook=Rulebook((), CATALOGUE), key=_KEY, at=_AT)
    assert "CANARY" not in repr(held)
    return {
        one.address.rpartition("::")[2]: {str(change.path) for change in one.undeclared}
        for one in held.observed
        if one.undeclared
    }


ASKED = {"bucket": "b", "tags": {"team": "web"}}
LEFT = {
    **ASKED,
    "tagsAll": {"team": "web"},
    "policy": "",
    "grants": [{"id": "owner", "permissions": ["FULL_CONTROL"]}],
    "versioning": {"enabled": False, "mfaDelete": False},
    "lastModified": "2026-01-01",
    "__meta": "{}",
}


def test_an_untouched_object_has_nothing_undeclared() -> None:
    bucket = resource("b", LEFT, ASKED)
    assert undeclared((bucket, {**LEFT, "policy": None, "__meta": "{1}"})) == {}


def test_an_output_beyond_the_inputs_is_undeclared_and_one_that_moves_by_itself_is_not() -> None:
    live = {
        **LEFT,
        "policy": '{"Statement":[{"Principal":"*"}]}',
        "versioning": {"enabled": True, "mfaDelete": False},
        "lastModified": "2026-02-02",
    }
    assert undeclared((resource("b", LEFT, ASKED), live)) == {"b": {"policy", "versioning.enabled"}}


def test_what_the_program_declares_or_ignores_is_not_undeclared() -> None:
    asked = {**ASKED, "versioning": {"enabled": False}}
    bucket = resource("b", LEFT, asked, ignoreChanges=["policy"])
    live = {
        **LEFT,
        "policy": "x",
        "tags": {"team": "hack"},
        "tagsAll": {"team": "hack"},
        "versioning": {"enabled": True, "mfaDelete": True},
    }
    assert undeclared((bucket, live)) == {"b": {"versioning.mfaDelete"}}


def test_what_is_only_looked_up_has_no_baseline() -> None:
    looked_up = resource("b", LEFT, {}, external=True)
    assert undeclared((looked_up, {**LEFT, "policy": "x"})) == {}


def test_what_a_declared_resource_beside_it_holds_is_not_undeclared() -> None:
    role = resource("r", {"name": "worker", "managedPolicyArns": []}, {"name": "worker"})
    arn, other = "arn:aws:iam::1:policy/mine", "arn:aws:iam::1:policy/theirs"
    link = {"role": "worker", "policyArn": arn}
    attached = resource("a", link, link, type_="aws:IamRolePolicyAttachment")
    live = {"name": "worker", "managedPolicyArns": [arn]}
    assert undeclared((role, live), (attached, link)) == {}
    live = {"name": "worker", "managedPolicyArns": [arn, other]}
    assert undeclared((role, live), (attached, link)) == {"r": {"managedPolicyArns"}}


def test_a_secret_that_changed_is_a_digest() -> None:
    outputs = {**ASKED, "token": secret("CANARY-one")}
    live = {**ASKED, "token": secret("CANARY-two")}
    assert undeclared((resource("b", outputs, ASKED), live)) == {"b": {"token"}}


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_that_lists_are_read_in_means_nothing(chance: Random) -> None:
    grants = [*LEFT["grants"], {"id": "all", "permissions": ["READ", "WRITE"]}]
    chance.shuffle(grants)
    bucket = resource("b", LEFT, ASKED)
    assert undeclared((bucket, {**LEFT, "grants": grants})) == {"b": {"grants[1]"}}
