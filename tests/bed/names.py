"""Records of a real BIND, changed and deleted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from tests.bed.bind import ZONE, Bind
from tests.bed.drift import Drift, changed, deleted

_SETS: Final = {
    "dns_a_record_set": ("a", "A", "addresses", "10.0.0.9"),
    "dns_aaaa_record_set": ("a", "AAAA", "addresses", "fd00::9"),
    "dns_mx_record_set": ("m", "MX", "mx", "99 nine.test."),
    "dns_ns_record_set": ("n", "NS", "nameservers", "nine.test."),
    "dns_srv_record_set": ("_sip._tcp", "SRV", "srv", "9 9 9 nine.test."),
    "dns_txt_record_set": ("t", "TXT", "txt", '"nine"'),
}
_SINGLES: Final = {
    "dns_cname_record": ("c", "CNAME", "cname", "nine.test."),
    "dns_ptr_record": ("p", "PTR", "ptr", "nine.test."),
}


def variables(server: Bind) -> dict[str, str]:
    """Return what the stack is told."""
    return {"TF_VAR_port": str(server.port), "TF_VAR_secret": server.secret}


def rounds(server: Bind) -> Sequence[Sequence[Drift]]:
    """Return what drifts: one value more or another, another time to live, gone."""
    more = [
        changed(
            f"{kind}.a",
            {path},
            partial(server.update, f"add {name}.{ZONE} 60 {record} {value}"),
            partial(server.ask, f"{name}.{ZONE}", record),
        )
        for kind, (name, record, path, value) in _SETS.items()
    ]
    others = [
        changed(
            f"{kind}.a",
            {path},
            partial(
                server.update,
                f"delete {name}.{ZONE} {record}",
                f"add {name}.{ZONE} 60 {record} {value}",
            ),
            partial(server.ask, f"{name}.{ZONE}", record),
        )
        for kind, (name, record, path, value) in _SINGLES.items()
    ]
    everything = {**_SETS, **_SINGLES}
    gone = [
        deleted(
            f"{kind}.a",
            partial(server.update, f"delete {name}.{ZONE} {record}"),
            partial(server.ask, f"{name}.{ZONE}", record),
        )
        for kind, (name, record, _, _) in everything.items()
    ]
    return ([*more, *others], gone)
