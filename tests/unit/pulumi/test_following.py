"""What a change that follows from another is tied to."""

from __future__ import annotations

from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.following import Following
from iac_adapters.pulumi.refreshed_preview import Update
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import Drifted, InSync, ResourceAddress, Verdict
from tests.unit.pulumi.test_carried import drift, resource


def test_a_change_is_tied_to_what_its_value_comes_from_before_what_it_is_deleted_with() -> None:
    parent, root, taker = (ResourceAddress(name) for name in ("parent", "root", "taker"))
    resources = {
        parent: resource("parent"),
        root: resource("root"),
        taker: resource("taker", takes="1", deletedWith="parent"),
    }
    verdicts: dict[ResourceAddress, Verdict] = {parent: drift(), root: drift(), taker: InSync()}
    digester = SecretDigester(bytes(range(32)))
    following = Following(verdicts, {parent, root}, resources, digester)
    update = Update(Step.UPDATE, {"from": "1"}, {"from": "2"}, ("from",), ())
    verdict = following.verdict(resources[taker], {"taker": update})
    assert isinstance(verdict, Drifted)
    assert verdict.follows == root
