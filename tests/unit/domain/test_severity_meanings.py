"""Privileges and exposure are known by meaning: for any provider, and by direction."""

# ruff: noqa: FBT003 - a wanted and a live value, side by side
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.model import Change, Kind, Origin, Severity
from reconciler.domain.paths import AttributePath
from reconciler.domain.severity import (
    DEFAULT_REASON,
    Deviation,
    Rating,
    Rulebook,
    override_rule,
    rate,
)
from reconciler.domain.severity_catalogue import CATALOGUE
from reconciler.domain.values import Sensitive

SHIPPED = Rulebook(overrides=(), catalogue=CATALOGUE)
LOW, MEDIUM, HIGH, CRITICAL = Severity
_LAWS = settings(deadline=None, max_examples=150)

Row = tuple[str, str, Any, Any]


def moved(
    path: str, wanted: Any, live: Any, *, replaces: bool = False, only_code: bool = False
) -> Change:
    origin = Origin.UNAPPLIED if only_code else Origin.OUT_OF_BAND
    recorded = live if only_code else wanted
    return Change(AttributePath(path), wanted, recorded, live, origin, False, replaces)


def rating(type_: str, *changes: Change, book: Rulebook = SHIPPED) -> Rating:
    return rate(Deviation(type_, Kind.CHANGED, Origin.OUT_OF_BAND, changes), book)


def trust(principal: object) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": principal}]})


OPENINGS: tuple[Row, ...] = (
    # The row of the field report.
    ("rabbitmq_user", "tags", ["monitoring"], ["administrator"]),
    ("rabbitmq:index/user:User", "tags", [], ["administrator"]),
    ("rabbitmq_permissions", "permissions[0].configure", "^$", ".*"),
    ("postgresql_role", "superuser", False, True),
    ("postgresql_role", "bypass_row_level_security", False, True),
    ("postgresql:index/role:Role", "bypassRowLevelSecurity", None, True),
    ("postgresql_role", "create_role", False, True),
    ("postgresql_role", "replication", False, True),
    ("postgresql_role", "roles", [], ["app"]),
    ("postgresql_grant", "privileges", ["SELECT"], ["SELECT", "INSERT"]),
    ("postgresql_grant", "role", "app", "public"),
    ("postgresql_grant", "with_grant_option", False, True),
    ("mysql_grant", "privileges", ["SELECT"], ["ALL PRIVILEGES"]),
    ("kubernetes_cluster_role", "rule[0].verbs", ["get"], ["*"]),
    ("kubernetes_cluster_role", "rule", "apps/deployments/get", "*/*/*"),
    (
        "kubernetes_cluster_role",
        "rule[1]",
        None,
        {"api_groups": ["*"], "resources": ["*"], "verbs": ["*"]},
    ),
    (
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
        "subjects[1]",
        None,
        {"kind": "Group", "name": "system:authenticated"},
    ),
    ("kubernetes_cluster_role_binding", "subject[0].name", "ops", "system:unauthenticated"),
    ("kubernetes_cluster_role_binding", "role_ref[0].name", "view", "cluster-admin"),
    (
        "kubernetes_validating_webhook_configuration",
        "webhook[0].failure_policy",
        "Fail",
        "Ignore",
    ),
    ("kubernetes_deployment", "spec[0].template[0].spec[0].host_network", False, True),
    ("kubernetes:apps/v1:Deployment", "spec.template.spec.hostNetwork", None, True),
    ("kubernetes_pod", "spec[0].host_pid", False, True),
    (
        "kubernetes_pod",
        "spec[0].container[0].security_context[0].privileged",
        False,
        True,
    ),
    (
        "kubernetes_pod",
        "spec[0].container[1]",
        None,
        {"name": "side", "security_context": [{"privileged": True}]},
    ),
    ("kubernetes_pod", "spec[0].container[0].security_context[0].run_as_user", "1000", "0"),
    (
        "kubernetes_namespace",
        'metadata[0].labels["pod-security.kubernetes.io/enforce"]',
        "restricted",
        "privileged",
    ),
    ("kubernetes_service", "spec[0].type", "ClusterIP", "LoadBalancer"),
    # Roles and memberships.
    ("google_project_iam_member", "role", "roles/viewer", "roles/owner"),
    ("google_project_iam_binding", "members", ["user:a@b.c"], ["user:a@b.c", "allUsers"]),
    ("azurerm_role_assignment", "role_definition_name", "Reader", "Owner"),
    (
        "aws_iam_user_policy_attachment",
        "policy_arn",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    ("github_repository_collaborator", "permission", "pull", "admin"),
    ("gitlab_group_membership", "access_level", "guest", "owner"),
    ("grafana_user", "is_admin", False, True),
    ("okta_user", "admin_roles", [], ["SUPER_ADMIN"]),
    ("linux_user", "groups", ["dev"], ["dev", "sudo"]),
    ("kafka_acl", "acl_principal", "User:app", "User:*"),
    ("aws_iam_role", "assume_role_policy", trust({"AWS": "arn:x"}), trust({"AWS": "*"})),
    ("vault_policy", "policy", 'path "a" {}', 'path "*" {}'),
    ("elasticsearch_role", "permissions_boundary", "arn:x", None),
    # Reach.
    ("github_repository", "visibility", "private", "public"),
    ("digitalocean_firewall", "inbound_rule[0].source_addresses", ["10.0.0.0/8"], ["::/0"]),
    ("hcloud_firewall", "rule[0].source_ips", [], ["0.0.0.0/0"]),
    ("vendor_database", "trusted_ranges", "10.0.0.0/8", "10.0.0.0/8,0.0.0.0/0"),
    ("vendor_thing", "some_setting", [], ["0.0.0.0/1", "128.0.0.0/1"]),
    ("postgresql_configuration", "listen_addresses", "127.0.0.1", "*"),
    ("aws_lb", "internal", True, False),
    ("vendor_bucket", "public", False, True),
    ("grafana_settings", "auth_anonymous", False, True),
    # Guards.
    ("local_file", "file_permission", "0644", "0777"),
    ("local_sensitive_file", "file_permission", "0600", "0644"),
    ("host_file", "mode", "rw-r--r--", "rw-rw-rw-"),
    ("kubernetes_config_map", "default_mode", 420, 511),
    ("vendor_disk", "encryption", True, False),
    ("vendor_client", "tls_verify", True, False),
    ("vendor_client", "insecure_skip_verify", False, True),
    ("aws_lb_listener", "ssl_policy", "ELBSecurityPolicy-TLS-1-2-2017-01", "TLS-1-0-2015"),
    ("azurerm_storage_account", "min_tls_version", "TLS1_2", "TLS1_0"),
    ("vendor_trail", "enable_logging", True, False),
    ("aws_eks_cluster", "enabled_cluster_log_types", ["audit", "api"], []),
    ("vendor_database", "deletion_protection", True, False),
    ("vendor_database", "skip_final_snapshot", False, True),
    ("vendor_network_rule", "action", "deny", "allow"),
    ("vendor_proxy", "denied_hosts", ["evil"], []),
    ("github_branch_protection", "enforce_admins", True, False),
    ("aws_instance", "metadata_options[0].http_tokens", "required", "optional"),
    ("vendor_settings", "mfa_enabled", True, False),
    # Another tool's names of types.
    ("AWS::EC2::SecurityGroup", "SecurityGroupIngress[0].CidrIp", "10.0.0.0/8", "0.0.0.0/0"),
    ("Microsoft.Network/networkSecurityGroups", "properties.securityRules", [], ["0.0.0.0/0"]),
    ("rbac.authorization.k8s.io/v1/ClusterRoleBinding", "subjects[0].name", "a", "b"),
    ("ansible.builtin.user", "groups", ["web"], ["web", "wheel"]),
    ("AWS::IAM::Role", "AssumeRolePolicyDocument", trust({"AWS": "arn:x"}), trust("*")),
)

HARMLESS: tuple[Row, ...] = (
    ("aws_iam_user", "tags.role", "dev", "administrator"),
    ("aws_iam_role", "tags.public", "no", "yes"),
    ("aws_security_group", "tags.cidr", "10.0.0.0/8", "0.0.0.0/0"),
    ("aws_s3_bucket", "tags_all.policy", "a", "*"),
    ("aws_instance", "tags", None, {"admin": "true"}),
    ("aws_instance", 'tags["a/superuser"]', "false", "true"),
    ("aws:iam/role:Role", "tagsAll.grant", "a", "b"),
    ("AWS::IAM::Role", "Tags", ["a"], ["a", "admin"]),
    ("digitalocean_droplet", "tags", ["web"], ["web", "admin"]),
    ("google_compute_instance", "labels.role", "web", "admin"),
    ("google_project", "effective_labels.privileged", "no", "yes"),
    ("kubernetes_deployment", "metadata[0].labels.role", "web", "admin"),
    ("kubernetes_deployment", "metadata[0].annotations.privileged", "false", "true"),
    ("kubernetes:core/v1:Namespace", "metadata.labels.visibility", "private", "public"),
    ("kubernetes_cluster_role", "metadata[0].labels.verbs", "get", "*"),
    ("kubernetes_cluster_role_binding", "metadata[0].annotations.subject", "a", "b"),
    ("azurerm_role_assignment", "description", "a", "administrator"),
    ("aws_security_group", "description", "closed", "open to 0.0.0.0/0"),
    ("aws_security_group", "ingress[0].description", "office", "0.0.0.0/0"),
    ("aws_iam_policy", "description", "a", "public"),
    ("postgresql_role", "comment", "a", "superuser"),
    ("github_repository", "description", "private", "public"),
    ("github_team", "description", "a", "admin"),
    ("okta_group", "display_name", "devs", "admins"),
    ("grafana_dashboard", "title", "a", "admin"),
    ("pagerduty_service", "name", "web", "admin"),
    ("datadog_monitor", "tags", ["a"], ["env:public"]),
    ("rabbitmq_queue", "settings[0].durable", True, False),
    ("rabbitmq_policy", "policy[0].priority", 0, 1),
    ("aws_autoscaling_policy", "scaling_adjustment", 1, 2),
    ("aws_ecr_lifecycle_policy", "policy", '{"rules":[1]}', '{"rules":[2]}'),
    ("dns_mx_record_set", "ttl", 300, 60),
    ("dns_a_record_set", "addresses", ["10.0.0.1"], ["10.0.0.2"]),
    ("local_file", "content", "a", "b"),
    ("local_file", "file_permission", "0644", "0640"),
    ("aws_sqs_queue", "visibility_timeout_seconds", 30, 45),
    ("aws_autoscaling_group", "desired_capacity", 2, 5),
    ("aws_cloudwatch_log_group", "retention_in_days", 7, 30),
    ("aws_dynamodb_table", "billing_mode", "PROVISIONED", "PAY_PER_REQUEST"),
    ("aws_db_instance", "engine_version", "1.2", "1.1"),
    ("azurerm_app_service", "resource_group_name", "rg-web", "rg-admin"),
    ("aws_instance", "instance_type", "t3.micro", "t3.large"),
    ("postgresql_role", "connection_limit", 5, 10),
    ("random_pet", "length", 2, 3),
    ("vendor_thing", "state", "open", "closed"),
)

CLOSINGS: tuple[Row, ...] = (
    ("rabbitmq_user", "tags", ["administrator"], ["monitoring"]),
    ("postgresql_role", "superuser", True, False),
    ("postgresql_grant", "privileges", ["SELECT", "INSERT"], ["SELECT"]),
    ("mysql_grant", "privileges", ["ALL PRIVILEGES"], ["SELECT"]),
    ("kubernetes_cluster_role", "rule[0].verbs", ["*"], ["get"]),
    ("kubernetes_cluster_role_binding", "subject[0].name", "system:authenticated", "ops"),
    ("kubernetes_validating_webhook_configuration", "webhook[0].failure_policy", "Ignore", "Fail"),
    ("kubernetes_pod", "spec[0].host_network", True, False),
    ("google_project_iam_member", "role", "roles/owner", "roles/viewer"),
    ("google_project_iam_binding", "members", ["user:a", "allUsers"], ["user:a"]),
    ("github_repository", "visibility", "public", "private"),
    ("hcloud_firewall", "rule[0].source_ips", ["0.0.0.0/0"], ["10.0.0.0/8"]),
    ("vendor_bucket", "public", True, False),
    ("local_file", "file_permission", "0777", "0644"),
    ("vendor_disk", "encryption", False, True),
    ("vendor_client", "insecure_skip_verify", True, False),
    ("azurerm_storage_account", "min_tls_version", "TLS1_0", "TLS1_2"),
    ("vendor_database", "deletion_protection", False, True),
    ("vendor_network_rule", "action", "allow", "deny"),
    ("aws_lb", "internal", False, True),
)


@pytest.mark.parametrize("row", OPENINGS, ids=lambda row: f"{row[0]} {row[1]}")
def test_what_opens_is_high_and_says_why(row: Row) -> None:
    """Row V8."""
    type_, path, wanted, live = row
    found = rating(type_, moved(path, wanted, live))
    assert found.severity >= HIGH
    assert found.reason
    assert found.reason != DEFAULT_REASON


@pytest.mark.parametrize("row", HARMLESS, ids=lambda row: f"{row[0]} {row[1]}")
def test_what_is_harmless_is_never_high(row: Row) -> None:
    type_, path, wanted, live = row
    found = rating(type_, moved(path, wanted, live))
    assert found.severity <= MEDIUM, found.reason


@pytest.mark.parametrize("row", CLOSINGS, ids=lambda row: f"{row[0]} {row[1]}")
def test_what_closes_weighs_less_than_what_opens(row: Row) -> None:
    type_, path, wanted, live = row
    closed = rating(type_, moved(path, wanted, live))
    opened = rating(type_, moved(path, live, wanted))
    assert closed.severity < opened.severity, (closed.reason, opened.reason)
    assert opened.severity >= HIGH


@pytest.mark.parametrize(
    ("type_", "path", "wanted", "live", "expected"),
    [
        ("rabbitmq_user", "tags", ["monitoring"], ["administrator"], CRITICAL),
        ("postgresql_role", "superuser", False, True, CRITICAL),
        ("mysql_grant", "privileges", ["SELECT"], ["ALL"], CRITICAL),
        ("kubernetes_cluster_role_binding", "subject[0].name", "a", "system:authenticated", 4),
        ("kubernetes_pod", "spec[0].host_network", False, True, HIGH),
        ("local_file", "file_permission", "0644", "0666", HIGH),
        ("postgresql_grant", "privileges", ["SELECT", "INSERT"], ["SELECT"], MEDIUM),
        ("kubernetes_pod", "spec[0].host_network", True, False, MEDIUM),
    ],
)
def test_the_figure_is_that_of_the_meaning(
    type_: str, path: str, wanted: Any, live: Any, expected: int
) -> None:
    assert rating(type_, moved(path, wanted, live)).severity == expected


def test_what_was_meant_to_be_open_is_no_danger() -> None:
    meant = [{"cidr_blocks": ["0.0.0.0/0"]}]
    found = rating("vendor_thing", moved("rule", meant, [*meant, {"cidr_blocks": ["10.0.0.0/8"]}]))
    assert found.severity is MEDIUM


def test_a_danger_inside_an_added_object_is_seen() -> None:
    added = {"image": "x", "security_context": {"privileged": True}, "labels": {"admin": "true"}}
    found = rating("vendor_workload", moved("containers[2]", None, added))
    assert (found.severity, found.reason) == (CRITICAL, "it has the rights of an administrator")


def test_what_a_removed_object_held_is_no_danger() -> None:
    removed = {"encrypted": True, "deletion_protection": True}
    assert rating("vendor_thing", moved("disks[1]", removed, None)).severity is MEDIUM


def test_a_users_rule_covers_what_lies_inside_an_added_object() -> None:
    rule = override_rule("low", path="containers.security_context.privileged", reason="builders")
    book = Rulebook((rule,), CATALOGUE)
    added = {"security_context": {"privileged": True}}
    found = rating("vendor_workload", moved("containers[2]", None, added), book=book)
    assert found.severity is MEDIUM


def test_a_danger_is_not_lowered_while_the_code_that_closes_it_waits() -> None:
    waiting = moved("superuser", False, True, only_code=True)
    assert rating("postgresql_role", waiting).severity is CRITICAL


def test_a_secret_privilege_that_differs_gives_more() -> None:
    hidden = moved("privileges", Sensitive("a"), Sensitive("b"))
    assert rating("vendor_grant", hidden).severity is HIGH


_ROWS = st.sampled_from((*OPENINGS, *HARMLESS, *CLOSINGS))
_CHANGES = st.lists(
    _ROWS.map(lambda row: moved(row[1], row[2], row[3])), min_size=1, max_size=5
).map(tuple)


@_LAWS
@given(type_=_ROWS.map(lambda row: row[0]), changes=_CHANGES, opening=st.sampled_from(OPENINGS))
def test_an_exposing_change_beside_others_never_lowers(
    type_: str, changes: tuple[Change, ...], opening: Row
) -> None:
    more = (*changes, moved(opening[1], opening[2], opening[3]))
    assert rating(type_, *more).severity >= rating(type_, *changes).severity
    whole = (*changes, moved(opening[1], opening[2], opening[3]))
    assert rating(opening[0], *whole).severity >= HIGH


@_LAWS
@given(changes=_CHANGES, chance=st.randoms())
def test_the_order_of_changes_means_nothing(changes: tuple[Change, ...], chance: Any) -> None:
    shuffled = list(changes)
    chance.shuffle(shuffled)
    assert rating("vendor_thing", *shuffled).severity is rating("vendor_thing", *changes).severity


_RANGES = st.lists(st.sampled_from(["10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12"]), unique=True)


@_LAWS
@given(wanted=_RANGES, live=_RANGES, world=st.sampled_from(["0.0.0.0/0", "::/0", "0.0.0.0/1"]))
def test_the_whole_internet_in_a_list_never_lowers(
    wanted: list[str], live: list[str], world: str
) -> None:
    for type_, path in (("aws_security_group", "ingress[0].cidr_blocks"), ("vendor_x", "ranges")):
        closed = rating(type_, moved(path, wanted, live)).severity
        opened = rating(type_, moved(path, wanted, [*live, world])).severity
        assert opened >= max(closed, HIGH)


_OBJECTS = st.dictionaries(
    st.sampled_from(["image", "name", "labels", "replicas", "command"]),
    st.one_of(st.text(max_size=4), st.integers(0, 9), st.booleans()),
    max_size=4,
)


@_LAWS
@given(_OBJECTS, st.sampled_from(["privileged", "hostNetwork", "superuser", "host_pid"]))
def test_a_danger_at_any_depth_weighs_at_least_as_much_as_the_object_without(
    plain: dict[str, Any], danger: str
) -> None:
    inside = {**plain, "inner": [{"deep": {danger: True}}]}
    without = rating("vendor_workload", moved("parts[0]", None, plain)).severity
    found = rating("vendor_workload", moved("parts[0]", None, inside)).severity
    assert found >= max(without, HIGH)
