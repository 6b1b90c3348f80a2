"""Declare a host with our component; what writes to it is a resource below that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, ResourceProvider
from trueup_host import File, HostBaseline, HostDeclaration

PATH = "/etc/ssh/sshd_config.d/10-baseline.conf"
CONTENT = "PasswordAuthentication no\n"


class Writer(ResourceProvider):
    """Writes a file of the host when its resource is created."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Write the file."""
        file = Path(props["file"])
        file.write_text(props["content"])
        file.chmod(0o600)
        return CreateResult(id_=props["file"], outs=props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Know no more than what was written: how the file is now, the host's agent says."""
        return ReadResult(id_, props)


class Written(Resource):
    """A file of a host."""

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(Writer(), name, props, opts)


declaration = HostDeclaration(
    host="web-1", files=[File(PATH, content=CONTENT, mode="0600")], groups=["web"]
)
baseline = HostBaseline("web-1", declaration)
file = os.environ["TRUEUP_HOST_ROOT"] + PATH
Written("sshd", {"file": file, "content": CONTENT}, pulumi.ResourceOptions(parent=baseline))
