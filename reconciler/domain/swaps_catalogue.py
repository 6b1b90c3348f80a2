"""The shipped catalogue of attributes that hold security groups; `docs/quarantine.md` prints it.

A type is here only where the provider changes the attribute in place, on the running object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.domain.edges_catalogue import AWS_GROUPS, Rule


@dataclass(frozen=True, slots=True)
class Swap:
    """Resources of `type` hold groups in `attribute`.

    `needs` are arguments of which the provider wants some in every configuration, though its
    schema calls none of them required. `mirrors` repeat what `attribute` says.
    """

    type: str
    attribute: str
    needs: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()

    @property
    def holder(self) -> Rule:
        """Who holds a group, for the search of what a group isolates."""
        return Rule(self.type, (self.attribute, *self.mirrors), AWS_GROUPS)


SWAPS: Final[tuple[Swap, ...]] = (
    Swap("aws_instance", "vpc_security_group_ids", ("ami", "instance_type"), ("security_groups",)),
    Swap("aws_network_interface", "security_groups", ("subnet_id",)),
    Swap("aws_lb", "security_groups", ("subnets",)),
    Swap("aws_alb", "security_groups", ("subnets",)),
    Swap("aws_elb", "security_groups", ("subnets", "availability_zones")),
    Swap("aws_db_instance", "vpc_security_group_ids", ("instance_class",)),
    Swap("aws_rds_cluster", "vpc_security_group_ids", ("engine",)),
    Swap("aws_elasticache_replication_group", "security_group_ids", ("description",)),
)
"""Which attribute of which type a quarantine by `swap` is about."""


def swap_of(type_name: str) -> Swap | None:
    """Return what is swapped of a resource of `type_name`; None where nothing is."""
    return next((swap for swap in SWAPS if swap.type == type_name), None)
