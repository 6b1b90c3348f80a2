"""Attributes between Terraform's spelling and that of a bridge to it. Pure.

A bridge writes `cidr_blocks` as `cidrBlocks`, puts a list that may hold several into the plural
(`filter` is `filters`), and takes the only element of a list out of it.
Source: pkg/tfbridge/names.go of pulumi-terraform-bridge 3.136.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.domain.spelling import spellings
from reconciler.domain.values import Value


def snaked(value: Any) -> Any:
    """Return `value` with every name in it in snake case; texts stay."""
    if isinstance(value, dict):
        return {_snake(name): snaked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [snaked(item) for item in value]
    return value


def own_snaked(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return `properties` with their own names in snake case; below them a map may be a user's."""
    return {_snake(name): value for name, value in properties.items()}


def with_singulars(properties: Mapping[str, Value]) -> dict[str, Value]:
    """Return `properties` with each list by its plural and its singular."""
    found: dict[str, Value] = {}
    for name, value in properties.items():
        found[name] = value
        if isinstance(value, list):
            for singular in _singulars(name):
                found.setdefault(singular, value)
    return found


def as_terraform(properties: Mapping[str, Value], *, below: bool = True) -> dict[str, Value]:
    """Return `properties` by Terraform's names; a list by its plural and its singular.

    Without `below` what they hold stays as it is: nobody can tell objects from a user's maps.
    """
    return with_singulars(snaked(dict(properties)) if below else own_snaked(properties))


def as_bridged(properties: Mapping[str, Value], *, below: bool = True) -> dict[str, Value]:
    """Return Terraform's attributes as a bridge writes them; see `as_terraform`."""
    return {
        _plural(_camel(name)) if isinstance(value, list) else _camel(name): _bridged(value)
        if below
        else value
        for name, value in properties.items()
    }


def _bridged(value: Value) -> Value:
    if isinstance(value, list):
        return [_bridged(item) for item in value]
    return as_bridged(value) if isinstance(value, dict) else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def _snake(name: str) -> str:
    return spellings(name)[-1]


def _singulars(name: str) -> Iterator[str]:
    if name.endswith("ies"):
        yield f"{name[:-3]}y"
    if name.endswith("es"):
        yield name[:-2]
    if name.endswith("s"):
        yield name[:-1]


def _plural(name: str) -> str:
    if name.endswith("s"):
        return name
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
