# ruff: noqa: FBT003 - a recorded and a live value, side by side
from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.domain.model import Change, Kind, Origin, Severity
from reconciler.domain.paths import AttributePath
from reconciler.domain.privileges import SCALES
from reconciler.domain.severity import (
    READDRESSED,
    Deviation,
    Rating,
    Rulebook,
    SeverityRule,
    override_rule,
    rate,
)
from reconciler.domain.severity_catalogue import CATALOGUE
from reconciler.domain.severity_conditions import Condition
from reconciler.domain.spelling import canonical_type
from reconciler.domain.values import Value

SHIPPED = Rulebook(overrides=(), catalogue=CATALOGUE)
LOW, MEDIUM, HIGH, CRITICAL = Severity
PAGE = Path(__file__).parents[3] / "docs" / "severity.md"


def change(
    path: str,
    recorded: Value = "a",
    live: Value = "b",
    *,
    origin: Origin = Origin.OUT_OF_BAND,
    replaces: bool = False,
) -> Change:
    if origin is Origin.UNAPPLIED:
        return Change(AttributePath(path), "declared", live, live, origin, False, replaces)
    return Change(AttributePath(path), recorded, recorded, live, origin, False, replaces)


def rated(type_: str, one: Change | None = None, *, kind: Kind = Kind.CHANGED) -> Severity:
    changes = (one,) if one else ()
    return rate(Deviation(type_, kind, Origin.OUT_OF_BAND, changes), SHIPPED).severity


def policy(principal: object, effect: str = "Allow") -> str:
    return json.dumps({"Statement": [{"Effect": effect, "Principal": principal, "Action": "*"}]})


def actions(*names: str, effect: str = "Allow") -> str:
    return json.dumps({"Statement": [{"Effect": effect, "Action": [*names], "Resource": "*"}]})


@pytest.mark.parametrize(
    ("type_", "one", "expected", "reason"),
    [
        ("aws_security_group", change("ingress[0].from_port", 80, 81), HIGH, "a firewall rule"),
        (
            "aws_security_group",
            change("ingress", [{"cidr_blocks": ["10.0.0.0/8"]}], [{"cidr_blocks": ["0.0.0.0/0"]}]),
            CRITICAL,
            "opened to every IPv4 address, inside a block",
        ),
        (
            "aws:ec2/securityGroup:SecurityGroup",
            change("ingress[0].ipv6CidrBlocks", [], ["::/0"]),
            CRITICAL,
            "opened to every IPv6 address, Pulumi's spelling",
        ),
        (
            "aws_security_group",
            change("ingress[0].cidr_blocks", ["0.0.0.0/0"], ["0.0.0.0/0", "10.0.0.0/8"]),
            HIGH,
            "it was meant to be open already, so nothing was opened",
        ),
        ("google_compute_firewall", change("source_ranges", [], ["0.0.0.0/0"]), CRITICAL, "GCP"),
        ("gcp:compute/firewall:Firewall", change("sourceRanges", [], ["0.0.0.0/0"]), CRITICAL, "G"),
        (
            "azurerm_network_security_rule",
            change("source_address_prefix", "10.0.0.0/8", "*"),
            CRITICAL,
            "Azure writes the world as *",
        ),
        (
            "azurerm_network_security_rule",
            change("destination_port_range", "22", "*"),
            HIGH,
            "every port is not every address",
        ),
        ("aws_iam_role", change("max_session_duration", 1, 2), HIGH, "anything of a role"),
        ("aws_iam_role", change("tags.team"), LOW, "labels of a role are labels"),
        ("aws_sqs_queue", change("policy", policy("arn:x"), policy("arn:y")), HIGH, "who may"),
        ("aws_sqs_queue", change("policy", policy("arn:x"), policy("*")), CRITICAL, "anyone may"),
        (
            "aws_s3_bucket_policy",
            change("policy", policy("arn:x"), policy({"AWS": "*"})),
            CRITICAL,
            "anyone may, in the long form",
        ),
        (
            "aws_sqs_queue",
            change("policy", policy("arn:x"), policy("*", effect="Deny")),
            HIGH,
            "a Deny lets nobody in",
        ),
        (
            "aws_iam_role_policy",
            change("policy", actions("s3:Get*"), actions("*")),
            CRITICAL,
            "every action was allowed by hand",
        ),
        (
            "aws:iam/rolePolicy:RolePolicy",
            change("policy", actions("s3:Get*"), actions("s3:Get*", "*")),
            CRITICAL,
            "every action among others",
        ),
        ("aws_iam_policy", change("policy", actions("*"), actions("*", "s3:*")), HIGH, "as meant"),
        (
            "aws_iam_policy",
            change("policy", actions("a:b"), actions("*", effect="Deny")),
            HIGH,
            "a Deny allows nothing",
        ),
        ("aws_db_instance", change("publicly_accessible", False, True), CRITICAL, "made public"),
        (
            "aws_db_instance",
            change("publicly_accessible", True, False),
            MEDIUM,
            "closed: it exposes nothing",
        ),
        (
            "aws_s3_bucket_public_access_block",
            change("block_public_acls", True, False),
            CRITICAL,
            "the block was taken off",
        ),
        ("aws_s3_bucket_acl", change("acl", "private", "public-read"), CRITICAL, "a public list"),
        ("google_storage_bucket_iam_member", change("member", "user:a", "allUsers"), CRITICAL, "G"),
        ("aws_db_instance", change("storage_encrypted", True, False), CRITICAL, "encryption off"),
        ("aws_sqs_queue", change("kms_master_key_id"), HIGH, "another key"),
        ("aws_lb_listener", change("ssl_policy"), HIGH, "TLS policy"),
        ("aws:lb/listener:Listener", change("sslPolicy"), HIGH, "TLS policy, Pulumi"),
        ("aws_db_instance", change("deletion_protection", True, False), HIGH, "may be deleted"),
        ("azurerm_key_vault", change("purge_protection_enabled", True, False), HIGH, "may be lost"),
        ("aws_autoscaling_group", change("desired_capacity", 3, 6), MEDIUM, "capacity"),
        ("aws_sqs_queue", change("visibility_timeout_seconds", 45, 99), MEDIUM, "a timeout"),
        ("aws:sqs/queue:Queue", change("visibilityTimeoutSeconds", 45, 99), MEDIUM, "a timeout"),
        ("aws_sqs_queue", change("some_future_attribute"), MEDIUM, "the default"),
        ("aws_sqs_queue", change("tags.team"), LOW, "a tag"),
        ("aws_sqs_queue", change('tags["a.b/c"]'), LOW, "a quoted tag"),
        ("google_compute_instance", change("labels.team"), LOW, "a label"),
        ("aws_cloudwatch_log_group", change("retention_in_days", 7, 30), LOW, "log rotation"),
        ("aws_security_group", change("description"), LOW, "words about a firewall are words"),
        ("aws_sns_topic", change("display_name"), LOW, "a shown name"),
        ("aws_sqs_queue", change("name", replaces=True), MEDIUM, "a name, raised by replacement"),
        ("aws_iam_role", change("path", replaces=True), CRITICAL, "high raised, and no further"),
        ("aws_sqs_queue", change("x", origin=Origin.UNAPPLIED), LOW, "code waiting, lowered"),
        ("aws_sqs_queue", change("tags.a", origin=Origin.UNAPPLIED), LOW, "never below low"),
        (
            "aws_security_group",
            change("ingress[0].cidr_blocks", [], ["0.0.0.0/0"], origin=Origin.UNAPPLIED),
            CRITICAL,
            "the code that closes it waits; it is open all the same",
        ),
    ],
)
def test_a_change_is_rated_by_what_it_touches(
    type_: str, one: Change, expected: Severity, reason: str
) -> None:
    assert rated(type_, one) is expected, reason


@pytest.mark.parametrize(
    ("type_", "kind", "origin", "expected", "reason"),
    [
        ("aws_sqs_queue", Kind.MISSING, Origin.OUT_OF_BAND, HIGH, "a deletion"),
        ("aws_db_instance", Kind.MISSING, Origin.OUT_OF_BAND, CRITICAL, "data is gone"),
        ("aws:s3/bucketV2:BucketV2", Kind.MISSING, Origin.OUT_OF_BAND, CRITICAL, "Pulumi bucket"),
        ("aws_dynamodb_table", Kind.MISSING, Origin.OUT_OF_BAND, CRITICAL, "data is gone"),
        ("aws_kms_key", Kind.MISSING, Origin.OUT_OF_BAND, CRITICAL, "what it locked is gone"),
        ("azurerm_storage_account", Kind.MISSING, Origin.OUT_OF_BAND, CRITICAL, "Azure"),
        (
            "azure-native:storage:StorageAccount",
            Kind.MISSING,
            Origin.OUT_OF_BAND,
            CRITICAL,
            "Azure, Pulumi's native spelling",
        ),
        ("google_sql_database_instance", Kind.MISSING, Origin.OUT_OF_BAND, CRITICAL, "GCP"),
        ("aws_sqs_queue", Kind.MISSING, Origin.UNAPPLIED, MEDIUM, "not created yet"),
        ("aws_db_instance", Kind.UNMANAGED, Origin.UNAPPLIED, CRITICAL, "an apply deletes data"),
        ("aws_sqs_queue", Kind.UNMANAGED, Origin.UNAPPLIED, HIGH, "an apply deletes it"),
    ],
)
def test_a_whole_resource_is_rated_by_what_it_holds(
    type_: str, kind: Kind, origin: Origin, expected: Severity, reason: str
) -> None:
    assert rate(Deviation(type_, kind, origin), SHIPPED).severity is expected, reason


def test_what_was_never_created_is_not_called_gone() -> None:
    for type_ in ("aws_sqs_queue", "aws_db_instance"):
        new = rate(Deviation(type_, Kind.MISSING, Origin.UNAPPLIED), SHIPPED)
        assert new.reason == "a resource is not created yet"
        gone = rate(Deviation(type_, Kind.MISSING, Origin.BOTH), SHIPPED)
        assert "not created" not in gone.reason


def test_the_gravest_change_speaks_for_the_resource() -> None:
    both = (change("tags.a"), change("policy"))
    deviation = Deviation("aws_sqs_queue", Kind.CHANGED, Origin.OUT_OF_BAND, both)
    assert rate(deviation, SHIPPED).severity is HIGH


def test_a_users_rule_is_the_last_word() -> None:
    rule = override_rule("low", type="aws_sqs_*", path="name", reason="we rename")
    book = Rulebook(overrides=(rule,), catalogue=CATALOGUE)
    deviation = Deviation(
        "aws_sqs_queue", Kind.CHANGED, None, (change("name", replaces=True),), requires_replace=True
    )
    rating = rate(deviation, book)
    assert (rating.severity, rating.reason) == (LOW, "we rename")
    other = Deviation("aws_sqs_queue", Kind.CHANGED, None, (change("policy"),))
    assert rate(other, book).severity is HIGH


def test_a_move_alone_changes_nothing_in_the_world() -> None:
    moved = Deviation("aws_security_group", Kind.CHANGED, Origin.UNAPPLIED, readdressed=True)
    assert rate(moved, SHIPPED) == Rating(LOW, READDRESSED)
    book = Rulebook((override_rule("high", type="aws_security_group"),), CATALOGUE)
    assert rate(moved, book).severity is HIGH


def test_a_users_rule_may_speak_of_a_kind_only() -> None:
    book = Rulebook((override_rule("critical", kind="missing"),), CATALOGUE)
    assert rate(Deviation("aws_sqs_queue", Kind.MISSING), book).severity is CRITICAL
    assert rate(Deviation("aws_sqs_queue", Kind.UNMANAGED), book).severity is HIGH


def test_brackets_in_a_rule_are_brackets() -> None:
    book = Rulebook((override_rule("low", path="ingress[0].*"),), CATALOGUE)
    first = Deviation("aws_security_group", Kind.CHANGED, None, (change("ingress[0].to_port"),))
    second = Deviation("aws_security_group", Kind.CHANGED, None, (change("ingress[1].to_port"),))
    assert rate(first, book).severity is LOW
    assert rate(second, book).severity is HIGH


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("aws:ec2/securityGroup:SecurityGroup", "aws_ec2_security_group"),
        ("azure-native:network:NetworkSecurityGroup", "azurerm_network_network_security_group"),
        ("azure:storage/account:Account", "azurerm_storage_account"),
        ("gcp:sql/databaseInstance:DatabaseInstance", "google_sql_database_instance"),
        ("aws_sqs_queue", "aws_sqs_queue"),
        ("random:index/randomPet:RandomPet", "random_random_pet"),
        ("AWS::EC2::SecurityGroup", "aws_ec2_security_group"),
        ("Microsoft.Network/networkSecurityGroups", "microsoft_network_network_security_groups"),
        ("rbac.authorization.k8s.io/v1/ClusterRole", "rbac_authorization_k8s_io_v1_cluster_role"),
    ],
)
def test_types_have_one_spelling(theirs: str, ours: str) -> None:
    assert canonical_type(theirs) == ours


_ASKED = {
    Condition.ALWAYS: "",
    Condition.LETS_IN_THE_WORLD: "live holds every address (`0.0.0.0/0`), the code does not",
    Condition.ADMITS_ANYONE: "live admits any principal, the code does not",
    Condition.ALLOWS_EVERYTHING: "live allows every action (`Action` is `*`), the code does not",
    Condition.GRANTS_EVERYTHING: "live is `*`, `.*` or `ALL`, the code is not",
    Condition.NAMES_ADMIN: "live names an administrator's role, the code does not",
    Condition.RUNS_AS_ROOT: "live is root, the code is not",
    Condition.LISTENS_EVERYWHERE: "live is `0.0.0.0`, `::` or `*`, the code is not",
    Condition.ASKS_NOBODY: "live asks for no sign-in, the code does",
    Condition.OPEN_MODE: "live lets others write or sets an id bit, the code does not",
    Condition.READ_BY_OTHERS: "live lets others read, the code does not",
    Condition.SWITCHED_ON: "live is on, the code says off",
    Condition.SWITCHED_OFF: "live is off, the code says on",
    Condition.LOOSER: "live is looser than the code on one of the scales below",
    Condition.TIGHTER: "live is tighter than the code on a scale, or a newer protocol",
    Condition.OLDER_PROTOCOL: "live is an older version of TLS than the code's",
    Condition.GIVES_MORE: "live holds something the code does not",
    Condition.TAKES_AWAY: "live is the code's value with less in it",
}


def _row(rule: SeverityRule) -> str:
    cells = (
        rule.severity.word,
        " ".join(f"`{glob}`" for glob in rule.types) or "any",
        " ".join(f"`{glob}`" for glob in rule.paths) or "any",
        ", ".join(rule.kinds) or "any",
        _ASKED[rule.when] or "always",
        rule.reason,
    )
    return f"| {' | '.join(cells)} |"


def test_the_page_holds_every_rule_of_the_catalogue_in_order() -> None:
    header = "| severity | types | paths | kinds | when | why |"
    _, _, rest = PAGE.read_text().partition(f"{header}\n|---|---|---|---|---|---|\n")
    table, _, _ = rest.partition("\n\n")
    assert table.splitlines() == [_row(rule) for rule in CATALOGUE]


def test_the_page_holds_every_scale() -> None:
    text = PAGE.read_text()
    for scale in SCALES:
        steps = (" ".join(f"`{word}`" for word in sorted(step)) for step in scale)
        assert f"- {', then '.join(steps)}\n" in text
