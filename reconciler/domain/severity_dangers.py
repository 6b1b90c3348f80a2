"""The part of the catalogue that knows privileges and exposure by meaning, for any provider.

What is open now and was not meant to be is a danger; what only lacks something is a closing,
which weighs less. `severity_catalogue` says where these rules stand among the others.
"""

from __future__ import annotations

from typing import Final

from reconciler.domain.model import Severity
from reconciler.domain.severity import SeverityRule
from reconciler.domain.severity_conditions import Condition
from reconciler.domain.severity_names import (
    CHECKS,
    DELETION_GUARDS,
    DELETION_WITHOUT_A_NET,
    ENCRYPTION,
    FIREWALLS,
    PUBLIC,
    PUBLIC_BLOCKS,
    RABBITMQ_USERS,
    REACH_PATHS,
    RECORDS,
    RIGHTS_PATHS,
    RIGHTS_TYPES,
    ROLE_PATHS,
    UNSAFE,
)

LOOKING_LIKE_LABELS: Final[tuple[SeverityRule, ...]] = (
    SeverityRule(
        Severity.CRITICAL,
        "it has the rights of an administrator",
        types=RABBITMQ_USERS,
        paths=("tags",),
        when=Condition.NAMES_ADMIN,
    ),
    SeverityRule(
        Severity.HIGH,
        "it may do more than was meant",
        types=RABBITMQ_USERS,
        paths=("tags",),
        when=Condition.GIVES_MORE,
    ),
    SeverityRule(Severity.MEDIUM, "rights were taken away", types=RABBITMQ_USERS, paths=("tags",)),
    SeverityRule(
        Severity.HIGH,
        "a check was loosened",
        paths=("*pod-security.kubernetes.io*",),
        when=Condition.LOOSER,
    ),
    SeverityRule(
        Severity.HIGH,
        "a firewall rule changed",
        types=FIREWALLS,
        paths=("*source_tags", "*target_tags", "*source_labels", "*target_labels"),
    ),
    SeverityRule(
        Severity.MEDIUM,
        "what it selects changed",
        paths=("*match_labels", "*selector", "*selector.*"),
    ),
)

DANGERS: Final[tuple[SeverityRule, ...]] = (
    # Who can reach it.
    SeverityRule(
        Severity.HIGH,
        "traffic to the whole internet takes this way",
        types=("*_route", "*route_table*"),
        when=Condition.LETS_IN_THE_WORLD,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "it is open to the whole internet",
        types=(*FIREWALLS, "*_cluster", "*sql*", "*_container_cluster", "*kubernetes_cluster"),
        when=Condition.LETS_IN_THE_WORLD,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "it is open to the whole internet",
        paths=(
            "*cidr*",
            "*source*",
            "*ip_ranges",
            "*ip_rules",
            "*ingress*",
            "*inbound*",
            "*allow*",
            "*whitelist*",
            "*authorized*",
            "*trusted*",
            "*permitted*",
        ),
        when=Condition.LETS_IN_THE_WORLD,
    ),
    SeverityRule(
        Severity.HIGH, "it holds the range of every address", when=Condition.LETS_IN_THE_WORLD
    ),
    SeverityRule(
        Severity.CRITICAL,
        "it is open to the whole internet",
        paths=("*source_address_prefix*",),
        when=Condition.ADMITS_ANYONE,
    ),
    SeverityRule(
        Severity.HIGH,
        "it listens on every address",
        paths=("*listen*", "*bind*", "*host_ip"),
        when=Condition.LISTENS_EVERYWHERE,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "anyone may use it",
        paths=(
            "*policy*",
            "acl",
            "*acl*",
            "*grant*",
            "*principal*",
            "*member",
            "*members",
            "*access_type",
            "*subject*",
            "*grantee*",
            "*audience*",
            "*invoker*",
        ),
        when=Condition.ADMITS_ANYONE,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "anyone may use it",
        types=RIGHTS_TYPES,
        paths=("*role", "*roles", "*user", "*users", "*group", "*groups", "*name"),
        when=Condition.ADMITS_ANYONE,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "it became reachable from outside",
        paths=PUBLIC,
        when=Condition.SWITCHED_ON,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "a block on public access was taken off",
        paths=PUBLIC_BLOCKS,
        when=Condition.SWITCHED_OFF,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "anyone may call it",
        paths=("*authorization_type", "*authentication_type", "*auth_type", "authorization"),
        when=Condition.ASKS_NOBODY,
    ),
    # Who may do what.
    SeverityRule(
        Severity.CRITICAL,
        "every action is allowed",
        paths=("*policy*", "*statement*", "*rule", "*rules", "*permission*"),
        when=Condition.ALLOWS_EVERYTHING,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "every action is allowed",
        paths=(
            "*verbs",
            "*privileges",
            "*privilege",
            "*permission",
            "*permissions",
            "*operation",
            "*operations",
            "*scopes",
            "*capabilities",
            "*grants",
            "*api_groups",
            "*access_rule*",
        ),
        when=Condition.GRANTS_EVERYTHING,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "every action is allowed",
        types=RIGHTS_TYPES,
        paths=("*rule*", "*actions", "*resources", "configure", "read", "write"),
        when=Condition.GRANTS_EVERYTHING,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "it has the rights of an administrator",
        paths=ROLE_PATHS,
        when=Condition.NAMES_ADMIN,
    ),
    SeverityRule(
        Severity.CRITICAL,
        "it has the rights of an administrator",
        paths=(
            "*superuser",
            "*bypass_row_level_security",
            "*bypassrls",
            "*bypass_rls",
            "admin",
            "*.admin",
            "is_admin",
            "*.is_admin",
            "*site_admin",
            "*administrator",
            "*cluster_admin",
            "*admin_access",
            "*admin_enabled",
            "*privileged",
            "*privileged_mode",
            "*permit_root_login",
            "*root_access*",
            "*enable_root*",
            "sudo",
            "*.sudo",
        ),
        when=Condition.SWITCHED_ON,
    ),
    SeverityRule(
        Severity.HIGH,
        "it may do more than was meant",
        paths=(
            "*create_role",
            "*createrole",
            "*create_database",
            "*createdb",
            "*grant_option",
            "*admin_option",
            "*impersonat*",
            "*automount_service_account_token",
        ),
        when=Condition.SWITCHED_ON,
    ),
    SeverityRule(
        Severity.HIGH,
        "it may do more than was meant",
        types=("*_role", "*_user"),
        paths=("replication", "login"),
        when=Condition.SWITCHED_ON,
    ),
    SeverityRule(
        Severity.HIGH,
        "it may do more than was meant",
        paths=(*RIGHTS_PATHS, "*capabilities.add", "*cap_add"),
        when=Condition.GIVES_MORE,
    ),
    # What it may reach of its host.
    SeverityRule(
        Severity.HIGH,
        "it reaches into its host",
        paths=("*host_network", "*host_pid", "*host_ipc", "*allow_privilege_escalation"),
        when=Condition.SWITCHED_ON,
    ),
    SeverityRule(
        Severity.HIGH,
        "it reaches into its host",
        paths=("*host_path",),
        when=Condition.GIVES_MORE,
    ),
    SeverityRule(
        Severity.HIGH,
        "it runs as root",
        paths=("*run_as_user", "*run_as_group"),
        when=Condition.RUNS_AS_ROOT,
    ),
    SeverityRule(
        Severity.HIGH,
        "everybody may write the file, or it runs with its owner's rights",
        paths=("*mode", "*file_permission*", "*directory_permission*", "*permissions", "*perms"),
        when=Condition.OPEN_MODE,
    ),
    SeverityRule(
        Severity.HIGH,
        "everybody may read a secret",
        types=("*sensitive*", "*secret*", "*private_key*"),
        paths=("*mode", "*file_permission*", "*permissions"),
        when=Condition.READ_BY_OTHERS,
    ),
    # Guards that were taken down.
    SeverityRule(
        Severity.CRITICAL,
        "encryption was switched off",
        paths=ENCRYPTION,
        when=Condition.SWITCHED_OFF,
    ),
    SeverityRule(
        Severity.HIGH, "a check was switched off", paths=CHECKS, when=Condition.SWITCHED_OFF
    ),
    SeverityRule(
        Severity.HIGH, "a check was switched off", paths=UNSAFE, when=Condition.SWITCHED_ON
    ),
    SeverityRule(
        Severity.HIGH,
        "an older protocol is allowed",
        paths=("*tls*", "*ssl*", "*minimum_protocol*", "*min_protocol*"),
        when=Condition.OLDER_PROTOCOL,
    ),
    SeverityRule(Severity.HIGH, "a check was loosened", when=Condition.LOOSER),
    SeverityRule(
        Severity.HIGH,
        "what was forbidden is not any more",
        paths=(
            "*deny*",
            "*denied*",
            "*blocklist*",
            "*blacklist*",
            "*blocked*",
            "*not_actions",
            "*not_resources",
            "*forbidden*",
            "*capabilities.drop",
            "*cap_drop",
            "*permissions_boundary",
        ),
        when=Condition.TAKES_AWAY,
    ),
    SeverityRule(
        Severity.HIGH,
        "the record of who did what was switched off",
        paths=RECORDS,
        when=Condition.SWITCHED_OFF,
    ),
    SeverityRule(
        Severity.HIGH,
        "the record of who did what was switched off",
        paths=RECORDS,
        when=Condition.TAKES_AWAY,
    ),
    SeverityRule(
        Severity.HIGH,
        "protection against deletion was switched off",
        paths=DELETION_GUARDS,
        when=Condition.SWITCHED_OFF,
    ),
    SeverityRule(
        Severity.HIGH,
        "protection against deletion was switched off",
        paths=DELETION_WITHOUT_A_NET,
        when=Condition.SWITCHED_ON,
    ),
)
"""What is open now, and was not meant to be."""

CLOSINGS: Final[tuple[SeverityRule, ...]] = (
    SeverityRule(
        Severity.MEDIUM,
        "access was taken away",
        paths=(*RIGHTS_PATHS, *REACH_PATHS, *PUBLIC),
        when=Condition.TAKES_AWAY,
    ),
    SeverityRule(
        Severity.MEDIUM, "access was taken away", types=RIGHTS_TYPES, when=Condition.TAKES_AWAY
    ),
    SeverityRule(
        Severity.MEDIUM,
        "a guard was put up",
        paths=(*PUBLIC_BLOCKS, *ENCRYPTION, *CHECKS, *RECORDS, *DELETION_GUARDS),
        when=Condition.SWITCHED_ON,
    ),
    SeverityRule(
        Severity.MEDIUM,
        "a guard was put up",
        paths=(*UNSAFE, *DELETION_WITHOUT_A_NET),
        when=Condition.SWITCHED_OFF,
    ),
    SeverityRule(Severity.MEDIUM, "a guard was put up", when=Condition.TIGHTER),
)
"""What lets less through than was meant: it breaks things, and exposes nothing."""
