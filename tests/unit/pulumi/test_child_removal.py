"""What a failure of the CLI means to a removal: that the child is gone, or anything else."""

from __future__ import annotations

import pytest

from iac_adapters.pulumi.children.removal import failure_of
from reconciler.domain.errors import PermanentError, RetryableError


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Preview failed: resource 'ana:admin' does not exist", RetryableError),
        ("Preview failed: resource 'ana:other' does not exist", PermanentError),
        ("the plugin's folder /plugins does not exist", PermanentError),
    ],
)
def test_only_what_the_engine_says_of_the_child_means_that_it_is_gone(
    said: str, kind: type[Exception]
) -> None:
    assert type(failure_of(said, ["ana:admin"])) is kind
