"""The simulated cloud, with what moto does otherwise than AWS put right.

An instance holds the groups of its first network interface. moto keeps both apart: groups that are
given to the interface, which is what the AWS provider does, would never reach the instance.
"""

from __future__ import annotations

from typing import Any, Final, cast

from moto.ec2.models import EC2Backend
from moto.server import main

_GIVE_GROUPS: Final = EC2Backend.modify_network_interface_attribute


def give_groups(self: EC2Backend, eni_id: str, group_ids: list[str], *more: Any) -> None:
    """Give the interface these groups, and the instance whose first one it is."""
    _GIVE_GROUPS(self, eni_id, group_ids, *more)
    card = self.get_network_interface(eni_id)
    if group_ids and card.instance and card.device_index == 0:
        card.instance.security_groups = card._group_set


if __name__ == "__main__":
    cast("Any", EC2Backend).modify_network_interface_attribute = give_groups
    main()
