"""What a Pulumi stack's resources give rise to being asked, of AWS and of other makers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from iac_adapters.children.observing import StackChildren
from iac_adapters.pulumi.checkpoint import StateResource
from iac_adapters.pulumi.children.parents import BridgedProvider, managed_of
from iac_adapters.pulumi.children.reads import PulumiReads
from iac_adapters.pulumi.children.tokens import Tokens
from iac_adapters.pulumi.loaded import LoadedResource, LoadedStack, Recorded
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.provider_config import ProviderKey
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.model import RecordedResource, ResourceAddress, Status
from reconciler.domain.values import Sensitive
from tests.unit.pulumi.raw import secret

KEY = b"k" * 32
STATIC = Tokens(
    {
        "aws_iam_user": "aws:iam/user:User",
        "aws_iam_user_policy": "aws:iam/userPolicy:UserPolicy",
        "aws_iam_user_ssh_key": "aws:iam/sshKey:SshKey",
    },
    {},
)


def key(package: str) -> ProviderKey:
    return ProviderKey(package, package, package, None, None, ("/p",), {}, {}, Path("/"))


def resource(
    name: str, token: str, outputs: Mapping[str, Any], *, id_: str, after: tuple[str, ...] = ()
) -> LoadedResource:
    urn = f"urn:pulumi:dev::p::{token}::{name}"
    state = StateResource(
        urn=urn,
        type=token,
        custom=True,
        id=id_,
        inputs=outputs,
        outputs=outputs,
        parent="",
        provider="p",
        content={"dependencies": list(after)},
    )
    return LoadedResource(
        RecordedResource(address=ResourceAddress(urn), type=token, status=Status.LIVE),
        state=state,
        recorded=Recorded(id_, outputs, outputs),
        provider=key(token.partition(":")[0]),
    )


def stack(*resources: LoadedResource) -> LoadedStack:
    return LoadedStack({one.recorded_as.address: one for one in resources})


def keys(children: StackChildren) -> set[str]:
    return {question.key.rpartition("::")[2] for question in children.questions}


USER = resource("ana", "aws:iam/user:User", {"name": "ana"}, id_="ana")


def test_types_of_aws_are_asked_for_by_the_names_that_their_bridge_tells() -> None:
    children = StackChildren(managed_of(stack(USER), {"aws": STATIC}))
    assert "ana/aws:iam/userPolicy:UserPolicy" in keys(children)
    (spot,) = children.blind_spots
    assert (spot.parent_type, spot.children) == ("aws:iam/user:User", ("aws:iam/sshKey:SshKey",))


def test_nothing_of_aws_is_asked_where_nobody_tells_the_names() -> None:
    assert not StackChildren(managed_of(stack(USER), {})).questions


RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
GROUPS = Tokens(
    {"aws_security_group": "aws:ec2/securityGroup:SecurityGroup", "aws_security_group_rule": RULE},
    {},
)


def test_code_that_waits_for_its_apply_counts_by_the_name_that_terraform_has() -> None:
    group = resource("web", "aws:ec2/securityGroup:SecurityGroup", {"name": "web"}, id_="sg-1")
    urn = ResourceAddress(f"urn:pulumi:dev::p::{RULE}::ssh")
    waiting = LoadedResource(
        RecordedResource(address=urn, type=RULE, status=Status.NOT_CREATED), provider=None
    )
    tokens = {"aws": GROUPS}
    assert StackChildren(managed_of(stack(group), tokens)).removable
    assert not StackChildren(managed_of(stack(group, waiting), tokens)).removable


def test_what_a_stack_only_looks_up_has_no_children_of_its_own() -> None:
    assert USER.state is not None
    found = replace(USER, state=replace(USER.state, content={"external": True}))
    assert not StackChildren(managed_of(stack(found), {"aws": STATIC})).questions


def test_a_declared_child_of_another_maker_teaches_what_to_ask_of_its_other_parents() -> None:
    shop, guest = (
        resource(name, "rabbitmq:index/user:User", {"name": name}, id_=name)
        for name in ("shop", "guest")
    )
    orders = resource("orders", "rabbitmq:index/vhost:Vhost", {"name": "orders"}, id_="orders")
    token = "rabbitmq:index/permissions:Permissions"
    declared = resource(
        "shop-orders",
        token,
        {"user": "shop", "vhost": "orders", "permissions": {"password": secret("CANARY")}},
        id_="shop@orders",
        after=(shop.recorded_as.address, orders.recorded_as.address),
    )
    managed = managed_of(stack(shop, guest, orders, declared), {})
    (question,) = StackChildren(managed).questions
    assert question.address("") == (f'{guest.recorded_as.address}/{token}["guest@orders"]')
    assert (question.proof, question.rule.counts) == (
        "shop@orders",
        ("permissions", "user", "vhost"),
    )
    provider = question.parent.provider
    secrets = provider.secrets_of(question.rule.child) if provider is not None else None
    assert isinstance(secrets, SecretPaths)
    shown, _ = secrets.redacted({"password": "x"}, ("permissions",), SecretDigester(KEY))
    assert isinstance(shown, dict)
    assert isinstance(shown["password"], Sensitive)


class Answers:
    """Answers each read with the same object."""

    def __init__(self, outputs: Mapping[str, Any]) -> None:
        self.outputs = outputs

    async def ask(self, key: object, question: Any) -> Any:
        del key
        return await question(self)

    async def read(self, request: object, *, timeout_s: float) -> ReadAnswer:
        del request, timeout_s
        return ReadAnswer("id", dict(self.outputs), None)


def read(type_name: str, token: str, outputs: Mapping[str, Any], *, aws: bool) -> Any:
    tokens = Tokens({type_name: token}, {}) if aws else None
    provider = BridgedProvider(key("aws"), tokens, {token: [USER]} if not aws else {})
    reads = PulumiReads(cast("Any", Answers(outputs)), provider, Redactor())
    return asyncio.run(reads.imported(type_name if aws else token, "id", timeout_s=1))


def test_an_alias_record_is_shown_by_where_it_points() -> None:
    name = "aws_route53_records_exclusive"
    target = {"dnsName": "evil.example.org"}
    records = [{"name": "www", "type": "A", "aliasTargets": [target]}]
    token = "aws:route53/recordsExclusive:RecordsExclusive"
    found = read(name, token, {"resourceRecordSets": records}, aws=True)
    (record,) = found["resource_record_set"]
    assert record["alias_target"] == [{"dns_name": "evil.example.org"}]


def test_what_a_map_of_another_maker_holds_stays_as_it_is() -> None:
    definition = {"ha-mode": "all", "Foo": 1, "foo": 2}
    found = read("", "rabbitmq:index/policy:Policy", {"policyMap": definition}, aws=False)
    assert found["policy_map"] == definition
