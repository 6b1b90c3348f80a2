"""How far corrections may go without a person: the limits, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from reconciler.domain.globs import glob_matches
from reconciler.domain.windows import Window

PROTECTED_TYPES: Final = (
    "*db_instance*", "*db_cluster*", "aws_rds_*", "aws_dynamodb_table*", "aws_redshift_cluster",
    "aws_elasticache_*", "aws_docdb_*", "aws_neptune_*", "google_sql_*", "google_spanner_*",
    "google_bigtable_*", "azurerm_*sql*", "azurerm_cosmosdb_*", "azurerm_redis_cache",
    "aws_kms_*", "google_kms_*", "azurerm_key_vault*", "aws_iam_*", "google_*iam_*",
    "google_service_account*", "azurerm_role_*", "aws_route53_zone*", "google_dns_managed_zone",
    "azurerm_dns_zone", "azurerm_private_dns_zone", "aws_vpc", "aws_subnet", "aws_route_table*",
    "aws_internet_gateway", "aws_nat_gateway", "aws_ec2_transit_gateway*", "aws_vpn_*",
    "google_compute_network", "google_compute_subnetwork", "google_compute_router*",
    "azurerm_virtual_network*", "azurerm_subnet*", "azurerm_route_table*",
)  # fmt: skip
"""Databases, keys, who may do what, zones of names, and what networks stand on."""


class Mode(StrEnum):
    """How much a policy's `auto_correct` is worth."""

    OBSERVE = "observe"
    APPROVE = "approve"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Guardrails:
    """The limits for one stack and one policy; `reconciler.settings` has their meanings.

    A limit of 0 stops what it limits; `bake` and `exception` of 0 turn the guard off, as do
    percentages of 100.
    """

    mode: Mode = Mode.AUTO
    protected_types: tuple[str, ...] = PROTECTED_TYPES
    max_resources: int = 5
    max_percent: int = 10
    bake: timedelta = timedelta(minutes=10)
    attempts: int = 3
    exception: timedelta = timedelta(hours=24)
    failures: int = 3
    pause: timedelta = timedelta(hours=1)
    total_failures: int = 3
    failed_percent: int = 10
    stack_per_day: int = 3
    total_per_day: int = 20
    fights: int = 3
    flaps: int = 3
    fleet_percent: int = 40
    managed_by: str | None = None
    approvals: int = 1
    approvals_to_delete: int = 1
    own_approval: bool = True
    quarantine_time: timedelta = timedelta(hours=4)
    quarantines: int = 1
    windows: tuple[Window, ...] = ()
    freezes: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class GuardrailRule:
    """Some limits, for the stacks and policies whose names the globs select."""

    stack: str | None = None
    policy: str | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)

    def selects(self, stack: str, policy: str | None) -> bool:
        """Whether it is about a correction in `stack` that `policy` asks for, None a person."""
        if self.stack is not None and not glob_matches(self.stack, stack):
            return False
        return self.policy is None or (policy is not None and glob_matches(self.policy, policy))


def guardrails_for(
    rules: Iterable[GuardrailRule], *, stack: str, policy: str | None = None
) -> Guardrails:
    """Return the limits: each as the first rule says that selects both and names it.

    Freezes are those of every rule that selects both: no rule lifts the freeze of another.
    """
    chosen: dict[str, Any] = {}
    freezes: list[Window] = []
    for rule in rules:
        if not rule.selects(stack, policy):
            continue
        freezes += rule.limits.get("freezes", ())
        chosen = {**rule.limits, **chosen}
    if not chosen:
        # Making them anew for each of 100 stacks was a third of the time to list those.
        return _NO_RULE
    return replace(_NO_RULE, **{**chosen, "freezes": tuple(freezes)})


_NO_RULE: Final = Guardrails()
