"""What `-exclude` in the environment leaves out of every plan of OpenTofu, and so of a scan.

OpenTofu leaves out what is named and all that depends on it. Terraform has no such option.
Source: "Resource targeting" in the documentation of `tofu plan`, 1.9 and later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from iac_adapters.terraform.addresses import block_of
from iac_adapters.terraform.given_arguments import words_of
from iac_adapters.terraform.state import StateInstance
from reconciler.bounded_files import read_text

OPTIONS: Final = ("exclude", "exclude-file")
_VARIABLES: Final = ("TF_CLI_ARGS_plan", "TF_CLI_ARGS")


def exclusions_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the options that leave resources out, each with its value behind `=`."""
    return tuple(
        argument
        for variable in _VARIABLES
        for argument in _exclusions(environment.get(variable, ""))
    )


def excluded_by(
    exclusions: Sequence[str], instances: Iterable[StateInstance], *, directory: Path
) -> frozenset[str]:
    """Return the addresses of `instances` that are left out: those named and what needs them.

    It goes by blocks: a state names what a resource needs without any key, of modules neither.

    Raises:
        OSError: a file of addresses cannot be read.
    """
    named = tuple(_named(exclusions, directory))
    if not named:
        return frozenset()
    known = tuple(instances)
    left_out = {i.address for i in known if _is_within(i.address, named)}
    blocks = set(map(block_of, left_out))
    while more := {
        i.address
        for i in known
        if i.address not in left_out and not blocks.isdisjoint(map(block_of, i.dependencies))
    }:
        left_out |= more
        blocks |= set(map(block_of, more))
    return frozenset(left_out)


def _exclusions(arguments: str) -> Iterator[str]:
    words = iter(words_of(arguments))
    for word in words:
        option, equals, value = word.lstrip("-").partition("=")
        if word.startswith("-") and option in OPTIONS:
            yield f"-{option}={value if equals else next(words, '')}"


def _named(exclusions: Sequence[str], directory: Path) -> Iterator[str]:
    for exclusion in exclusions:
        option, _, value = exclusion.partition("=")
        if option == "-exclude":
            yield value
        else:
            yield from _addresses_in(directory / Path(value).expanduser())


def _addresses_in(file: Path) -> Iterator[str]:
    for line in map(str.strip, read_text(file).splitlines()):
        if line and not line.startswith("#"):
            yield line


def _is_within(address: str, places: Iterable[str]) -> bool:
    return any(
        address == place or address.startswith((f"{place}[", f"{place}.")) for place in places
    )
