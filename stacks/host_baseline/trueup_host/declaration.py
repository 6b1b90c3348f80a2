"""What one host must look like, whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trueup_host.checks import check_kind, check_text
from trueup_host.entry import Declared
from trueup_host.files import File
from trueup_host.firewall import FirewallRule
from trueup_host.packages import Package
from trueup_host.services import Service
from trueup_host.sysctl import Sysctl

SCHEMA: Final = 1
"""Raised when an old reader could misunderstand a new declaration."""

_KINDS: Final[dict[str, type]] = {
    "files": File,
    "firewall": FirewallRule,
    "packages": Package,
    "services": Service,
    "sysctl": Sysctl,
}
SECTIONS: Final = tuple(_KINDS)
"""The agent's sections that can be declared."""

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")

_GROUP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDeclaration:
    """Everything that is laid down about one host.

    What is not named here may be as it likes, except in the sections of `claims`: those
    must hold what is declared and nothing else. Policies select hosts by their `groups`.

    Raises:
        ValueError: naming the argument that cannot be, or what is declared twice.
    """

    host: str
    files: Sequence[File] = ()
    packages: Sequence[Package] = ()
    services: Sequence[Service] = ()
    sysctl: Sequence[Sysctl] = ()
    firewall: Sequence[FirewallRule] = ()
    claims: Sequence[str] = ()
    groups: Sequence[str] = ()

    def __post_init__(self) -> None:
        check_text("host", self.host, form=_HOST, meaning="a host name in lower case")
        for section, kind in _KINDS.items():
            _check_section(section, getattr(self, section), kind)
        for name, given in (("claims", self.claims), ("groups", self.groups)):
            if isinstance(given, str):
                # As every refusal here; the letters of a text would be names of their own.
                raise ValueError(  # noqa: TRY004
                    f"{name} must be a list such as [{given!r}], not {given!r}"
                )
        _check_claims(self.claims)
        for index, group in enumerate(self.groups):
            check_text(f"groups[{index}]", group, form=_GROUP, meaning="a name without spaces")

    def canonical(self) -> dict[str, Any]:
        """Return the form in which the order of writing leaves no trace."""
        sections = {section: _entries(getattr(self, section)) for section in SECTIONS}
        return {
            "schema": SCHEMA,
            "host": self.host,
            "claims": sorted(self.claims),
            # Left out where there is none, as in what was declared before there were groups.
            **({"groups": sorted(set(self.groups))} if self.groups else {}),
            **sections,
        }


def _entries(declared: Iterable[Declared]) -> list[dict[str, Any]]:
    return [one.entry() for one in sorted(declared, key=lambda one: one.key)]


def _check_section(section: str, declared: Sequence[Declared], kind: type) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    for index, one in enumerate(declared):
        check_kind(f"{section}[{index}]", one, kind, meaning=f"a {kind.__name__}")
        first = seen.setdefault(one.key, index)
        if first != index:
            what = " ".join(map(str, one.key))
            raise ValueError(f"{section}[{index}] declares {what} a second time, after [{first}]")


def _check_claims(claims: Sequence[str]) -> None:
    for index, section in enumerate(claims):
        if section not in SECTIONS:
            raise ValueError(
                f"claims[{index}] must be one of {', '.join(SECTIONS)}, not {section!r}"
            )
        if section in claims[:index]:
            raise ValueError(f"claims[{index}] names {section} a second time")
