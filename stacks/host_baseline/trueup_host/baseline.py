"""The stack's resource for one host; the reconciler compares what the agent reports with it."""

from __future__ import annotations

from typing import Final

import pulumi

from trueup_host.declaration import HostDeclaration

TYPE: Final = "trueup:host:Baseline"
"""How the reconciler finds these in a checkpoint."""


class HostBaseline(pulumi.ComponentResource):
    """One host's declaration as a resource; it makes nothing and changes nothing by itself.

    The canonical declaration stands in the checkpoint both as inputs and as outputs.
    """

    host: str

    def __init__(
        self, name: str, declaration: HostDeclaration, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        canonical = declaration.canonical()
        super().__init__(TYPE, name, canonical, opts)
        self.host = declaration.host
        self.register_outputs(canonical)
