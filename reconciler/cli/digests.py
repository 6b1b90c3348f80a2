"""The digest of a plan as a person gives it: whole, or not at all."""

from __future__ import annotations

import re
from typing import Final

import click

from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import text_of
from reconciler.domain.errors import InvalidError

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

only_digest = click.option(
    "--digest", metavar="D", help="Only if its plan has this digest, all 64 characters of it."
)


def check_digest(invocation: Invocation, digest: str | None, remediation_id: str) -> None:
    """Return where `digest` can be that of a plan.

    Raises:
        InvalidError: it cannot.
    """
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise InvalidError(
            f"{text_of(digest)} is not a plan's digest: that has 64 characters, 0 to 9 and a to f",
            remedy=f"give the whole digest: trueup remediation {invocation.id(remediation_id)}",
        )
