"""The rule of `docs/undeclared.md`: what no plan acts on and somebody changed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.fingerprint import Identity, fingerprint
from reconciler.domain.model import (
    Change,
    Drifted,
    Kind,
    Noise,
    NoiseItem,
    Origin,
    ResourceAddress,
    Severity,
    Unreadable,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.severity import Deviation, Rulebook, rate
from reconciler.domain.severity_catalogue import CATALOGUE
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.domain.values import Sensitive
from tests.seen_objects import KEY, Schema, Seen, paths, scan, seen

GROUP_FACTS = Schema(sets=frozenset({"ingress"}))
GROUP = Seen(
    "aws_security_group", *({"id": "sg-0a1b2c3d4e", "ingress": []},) * 2, facts=GROUP_FACTS
)


def rule(**values: Any) -> dict[str, Any]:
    empty = {"self": False, "security_groups": [], "ipv6_cidr_blocks": [], "description": ""}
    return {"protocol": "tcp", **empty, "cidr_blocks": [], **values}


def rule_resource(port: int, cidr: str) -> Seen:
    values = {
        "id": f"sgr-{port:08x}",
        "security_group_id": "sg-0a1b2c3d4e",
        "from_port": port,
        "to_port": port,
        "ip_protocol": "tcp",
        "cidr_ipv4": cidr,
    }
    return Seen("aws_vpc_security_group_ingress_rule", values, values)


def opened(port: int, *cidrs: str) -> dict[str, Any]:
    return rule(from_port=port, to_port=port, cidr_blocks=list(cidrs))


def test_a_setting_that_nobody_declared_and_somebody_changed_is_found() -> None:
    vpc = Seen("aws_vpc", {"id": "vpc-1", "metrics": False}, {"id": "vpc-1", "metrics": True})

    assert paths(seen("aws_vpc.lab", vpc)) == {"aws_vpc.lab": ["metrics"]}


@pytest.mark.parametrize(("before", "now"), [(None, ""), (None, []), (False, None), (0, None)])
def test_what_says_nothing_before_and_now_is_no_change(before: Any, now: Any) -> None:
    assert not paths(seen("a.b", Seen("a", {"x": before}, {"x": now})))


def test_a_policy_spelled_otherwise_is_the_same_policy() -> None:
    one = json.dumps({"Version": "1", "Statement": [{"Effect": "Allow"}]})
    other = json.dumps({"Statement": [{"Effect": "Allow"}], "Version": "1"}, indent=2)

    assert not paths(seen("a.b", Seen("a", {"policy": one}, {"policy": other})))


def test_what_the_code_declares_is_the_plans_to_judge() -> None:
    bucket = Seen("a", {"size": 1}, {"size": 2}, config={"size": 1})

    assert not paths(seen("a.b", bucket))


def test_another_block_beside_a_declared_one_is_not_declared() -> None:
    facts = Schema(blocks=frozenset({"disk"}))
    disk, other = {"name": "a", "size": 1}, {"name": "by-hand", "size": 9}
    machine = Seen("m", {"disk": [disk]}, {"disk": [disk, other]}, {"disk": [disk]}, facts)

    assert paths(seen("m.a", machine)) == {"m.a": ["disk[1]"]}


def test_what_a_plan_would_act_on_is_no_undeclared_change() -> None:
    item = Change(AttributePath("text"), None, "", "x", Origin.OUT_OF_BAND)
    role = Seen("role", {"text": "", "boundary": ""}, {"text": "x", "boundary": "y"})

    assert paths(seen("role.a", role, Drifted((item,)))) == {"role.a": ["boundary"]}


def test_what_ignore_changes_names_is_left_alone_and_so_is_its_copy() -> None:
    tags = {"tags": {"a": "1"}, "tags_all": {"a": "1"}}
    moved = {"tags": {"a": "2"}, "tags_all": {"a": "2"}}

    assert not paths(seen("a.b", Seen("a", tags, moved, ignored=("tags",))))


def test_an_object_that_was_not_read_is_not_compared() -> None:
    moved = seen("a.b", Seen("a", {"x": 1}, {"x": 2}), Unreadable("denied"))

    assert not paths(moved)


def test_a_rule_opened_beside_separate_rules_is_found_and_the_declared_one_is_not() -> None:
    open_to_both = GROUP.becoming(ingress=[opened(6379, "10.60.0.0/16"), opened(22, "0.0.0.0/0")])
    declared = seen("rule.cache", rule_resource(6379, "10.60.0.0/16"))

    found = scan(seen("group.cache", open_to_both), declared)

    (change,) = found.observed[0].undeclared
    assert isinstance(change.live, dict)
    assert change.live["from_port"] == 22


def test_a_source_that_the_provider_groups_with_a_declared_one_is_found_alone() -> None:
    grouped = {**opened(6379, "10.60.0.0/16"), "ipv6_cidr_blocks": ["::/0"]}
    declared = seen("rule.cache", rule_resource(6379, "10.60.0.0/16"))

    found = scan(seen("group.cache", GROUP.becoming(ingress=[grouped])), declared)

    (change,) = found.observed[0].undeclared
    assert isinstance(change.live, dict)
    assert change.live["ipv6_cidr_blocks"] == ["::/0"]
    assert not change.live["cidr_blocks"]


def test_the_whole_world_on_one_declared_port_declares_no_other_port() -> None:
    declared = seen("rule.web", rule_resource(443, "0.0.0.0/0"))
    both = GROUP.becoming(ingress=[opened(443, "0.0.0.0/0"), opened(5432, "0.0.0.0/0")])

    (change,) = scan(seen("group.cache", both), declared).observed[0].undeclared

    assert isinstance(change.live, dict)
    assert change.live["from_port"] == 5432


def test_port_22_open_to_the_world_is_critical() -> None:
    both = GROUP.becoming(ingress=[opened(22, "0.0.0.0/0")])
    (found,) = scan(seen("group.cache", both)).observed

    deviation = Deviation("aws_security_group", Kind.CHANGED, Origin.UNDECLARED, found.undeclared)

    assert rate(deviation, Rulebook((), CATALOGUE)).severity is Severity.CRITICAL


def test_a_rule_that_admits_its_own_group_is_declared_by_naming_it_twice() -> None:
    own = rule_resource(6379, "").becoming(referenced_security_group_id="sg-0a1b2c3d4e")
    own = replace(own, before=own.now)
    itself = rule(from_port=6379, to_port=6379, self=True)

    assert not paths(seen("group.cache", GROUP.becoming(ingress=[itself])), seen("rule.own", own))
    other = seen("rule.cache", rule_resource(6379, "10.0.0.0/8"))
    assert paths(seen("group.cache", GROUP.becoming(ingress=[itself])), other)


def test_an_attribute_with_a_resource_of_its_own_is_judged_with_that() -> None:
    bucket = Seen(
        "aws_s3_bucket", {"id": "logs"}, {"id": "logs", "versioning": [{"enabled": True}]}
    )
    versioning = Seen("aws_s3_bucket_versioning", *({"id": "logs", "bucket": "logs"},) * 2)
    others = Seen("aws_s3_bucket_versioning", *({"id": "other", "bucket": "other"},) * 2)

    assert not paths(seen("b.logs", bucket), seen("v.logs", versioning))
    assert paths(seen("b.logs", bucket), seen("v.other", others))


def test_a_public_policy_is_found_though_another_bucket_has_a_policy_of_its_own() -> None:
    bucket = Seen("aws_s3_bucket", {"id": "logs"}, {"id": "logs", "policy": '{"a": 1}'})
    elsewhere = {"id": "other", "bucket": "other", "policy": '{"Resource": "logs"}'}
    policy = Seen("aws_s3_bucket_policy", elsewhere, elsewhere)

    assert paths(seen("b.logs", bucket), seen("p.other", policy)) == {"b.logs": ["policy"]}


def test_a_plain_word_that_a_child_says_too_hides_nothing() -> None:
    parent = Seen("db", {"name": "main", "engine": "one"}, {"name": "main", "engine": "two"})
    child = Seen("schema", *({"name": "s", "database": "main", "mode": "two"},) * 2)

    assert paths(seen("db.main", parent), seen("schema.s", child)) == {"db.main": ["engine"]}


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("last_modified_time", False),
        ("attachment_count", False),
        ("status", False),
        ("endpoint", False),
        ("members", True),
        ("code_sha256", True),
        ("source_code_size", True),
    ],
)
def test_of_what_no_code_can_set_only_names_that_do_not_move_by_themselves_count(
    name: str, *, reported: bool
) -> None:
    facts = Schema(computed=frozenset({name}))
    moved = Seen("a", {name: "one"}, {name: "two"}, facts=facts)

    assert bool(paths(seen("a.b", moved))) is reported


def test_what_is_reported_is_no_noise_any_more() -> None:
    items = (NoiseItem(AttributePath("x"), "computed"), NoiseItem(AttributePath("y"), "computed"))
    facts = Schema(computed=frozenset({"y"}))
    moved = Seen("a", {"x": 1, "y": 1}, {"x": 2, "y": 1}, facts=facts)

    (found,) = scan(seen("a.b", moved, Noise(items))).observed

    assert found.verdict == Noise((items[1],))


def test_a_secret_that_was_not_masked_before_is_no_change() -> None:
    from reconciler.domain.fingerprint import value_digest  # noqa: PLC0415

    digest = Sensitive(value_digest("hunter2", key=KEY))

    assert not paths(seen("a.b", Seen("a", {"x": "hunter2"}, {"x": digest})))


_CIDRS = st.lists(st.sampled_from(["10.0.0.0/8", "0.0.0.0/0", "::/0", "1.2.3.4/32"]), min_size=1)


@given(st.lists(st.tuples(st.integers(1, 9), _CIDRS), max_size=5), st.randoms())
def test_the_order_in_which_a_set_is_listed_changes_no_fingerprint(
    entries: list[tuple[int, list[str]]], random: Any
) -> None:
    listed = [opened(port, *cidrs) for port, cidrs in entries]
    shuffled = random.sample(listed, len(listed))

    one, other = (
        scan(seen("group.cache", GROUP.becoming(ingress=rules))).observed[0].undeclared
        for rules in (listed, shuffled)
    )

    def printed(changes: tuple[Change, ...]) -> str:
        address = ResourceAddress("group.cache")
        return fingerprint(Identity(address, Kind.CHANGED, changes), key=KEY)

    assert printed(one) == printed(other)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3)))
def test_an_untouched_object_is_never_reported(values: dict[str, int]) -> None:
    tree = {"id": "x-1", **values}

    assert not paths(seen("a.b", Seen("a", tree, dict(tree))))
    kept = scan(seen("a.b", Seen("a", tree, dict(tree))), yardstick=Yardstick(keep=True)).begun
    baselines = {one.key: one for one in kept}
    assert not paths(seen("a.b", Seen("a", tree, tree)), yardstick=Yardstick(baselines, keep=True))


@pytest.mark.parametrize(
    ("type_name", "name"),
    [
        ("aws_security_group_rule", "security_group_rule_id"),
        ("aws_ssm_parameter", "version"),
        ("aws_sqs_queue", "last_modified"),
    ],
)
def test_what_somebody_undid_by_hand_leaves_no_finding(type_name: str, name: str) -> None:
    facts = Schema(computed=frozenset({name}))
    before = Seen(type_name, *({"id": "x", name: "1"},) * 2, facts=facts)
    assert paths(seen("a.b", before.becoming(**{name: "2"}))) == {}


def test_another_object_that_a_computed_id_names_is_a_finding() -> None:
    facts = Schema(computed=frozenset({"subnet_id"}))
    before = Seen("aws_instance", *({"id": "x", "subnet_id": "1"},) * 2, facts=facts)
    assert paths(seen("a.b", before.becoming(subnet_id="2"))) == {"a.b": ["subnet_id"]}


def test_children_that_alone_were_added_are_named_and_nothing_else_is() -> None:
    lists = Schema(sets=frozenset({"members"}))
    club = Seen("club", *({"id": "c-1", "members": [], "color": "red"},) * 2, facts=lists)

    (added,) = scan(seen("club.a", club.becoming(members=[{"name": "ana"}]))).observed
    assert added.added_as == ("club.a/member[\"{'name': 'ana'}\"]",)
    other = club.becoming(members=[{"name": "ana"}], color="blue")
    assert scan(seen("club.a", other)).observed[0].added_as == ()
    assert scan(seen("club.a", club)).observed[0].added_as == ()


def test_the_reason_says_what_to_type_where_no_plan_undoes_it() -> None:
    lists = Schema(sets=frozenset({"words"}))
    club = Seen("club", *({"id": "c-1", "words": []},) * 2, facts=lists)

    few = club.becoming(words=[{"w": 1}, {"w": 2}])
    reason = scan(seen("club.a", few)).observed[0].undeclared_reason
    assert reason == "to undo it by hand: unsay {'w': 1}; unsay {'w': 2}"
    many = club.becoming(words=[{"w": number} for number in range(1, 7)])
    assert str(scan(seen("club.a", many)).observed[0].undeclared_reason).endswith("; and 3 more")
