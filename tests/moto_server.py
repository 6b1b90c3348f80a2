"""The simulated cloud, with what moto does otherwise than AWS put right.

An instance holds the groups of its first network interface. moto keeps both apart: groups that are
given to the interface, which is what the AWS provider does, would never reach the instance.

And moto reads at its start, for EC2, the same files of botocore three times and what instances
each of 40 regions offers: half of the second that a start takes. Both are read when they are asked
for, once.
"""

from __future__ import annotations

import gc
from functools import cache
from typing import Any, Final, cast

import boto3
from moto.utilities import utils

_READ: Final = utils.load_resource
_OFFERED: Final = "ec2/resources/instance_type_offerings/"


class Offerings(dict[str, Any]):
    """What instances are offered by region, by one kind of location, read when asked for."""

    def __init__(self, location_type: str, regions: Any) -> None:
        super().__init__()
        self._location_type = location_type
        self._regions = frozenset(regions)

    def __missing__(self, region: str) -> Any:
        """Read what `region` offers."""
        if region not in self._regions:
            raise KeyError(region)
        self[region] = _READ(f"{_OFFERED}{self._location_type}/{region}.json")
        for offering in self[region]:
            offering["LocationType"] = self._location_type
        return self[region]

    def get(self, region: str, default: Any = None) -> Any:
        """Return what `region` offers."""
        return self[region] if region in self._regions else default


def _read_but_offerings(resource: str) -> Any:
    return [] if resource.startswith(_OFFERED) else _READ(resource)


def serve() -> None:
    """Serve until it is killed."""
    # Before the first import of EC2, which does at once what it is kept from here.
    gc.disable()
    utils.load_resource = _read_but_offerings
    cast("Any", boto3).Session = cache(boto3.Session)
    from moto.ec2.models import EC2Backend  # noqa: PLC0415
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS  # noqa: PLC0415
    from moto.server import main  # noqa: PLC0415

    for location_type, regions in INSTANCE_TYPE_OFFERINGS.items():
        INSTANCE_TYPE_OFFERINGS[location_type] = Offerings(location_type, regions)
    _let_groups_reach_instances(EC2Backend)
    gc.freeze()
    gc.enable()
    main()


def _let_groups_reach_instances(backend: Any) -> None:
    give = backend.modify_network_interface_attribute

    def give_groups(self: Any, eni_id: str, group_ids: list[str], *more: Any) -> None:
        """Give the interface these groups, and the instance whose first one it is."""
        give(self, eni_id, group_ids, *more)
        card = self.get_network_interface(eni_id)
        if group_ids and card.instance and card.device_index == 0:
            card.instance.security_groups = card._group_set

    backend.modify_network_interface_attribute = give_groups


if __name__ == "__main__":
    serve()
