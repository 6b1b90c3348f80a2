"""What the cloud says this machine is: its id, security groups and role, by instance metadata.

Asked for only where the host was enrolled with `--cloud`. Version 2 of the service, which asks
for a token first; no credentials of the role are ever asked for.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from agent.protocol.tree import OK, Section

_SERVICE = "http://169.254.169.254"
_ENDPOINT = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""Where the makers' own tools look for another address as well."""
_TIMEOUT_S = 2.0
_MOST_BYTES = 1 << 16
_GOOD = 200
_NOT_THERE = 404
_READ = ("instance-id", "security-groups", "iam/info")


def cloud_section() -> Section:
    """Return what the metadata service says; `unsupported` where there is none."""
    try:
        token = _ask("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        headers = {"X-aws-ec2-metadata-token": token or ""}
        said = {name: _ask("GET", f"/latest/meta-data/{name}", headers) for name in _READ}
    except socket.timeout:
        return Section("timeout")
    except PermissionError:
        return Section("denied")
    except (OSError, http.client.HTTPException):
        return Section("unsupported")
    return Section(OK, read_metadata(said))


def read_metadata(said: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the leaves of what was said; a part that is not there is left out."""
    leaves: dict[str, Any] = {}
    if instance := said.get("instance-id"):
        leaves["instance"] = {"id": instance.strip()}
    for group in (said.get("security-groups") or "").splitlines():
        leaves[f"security_group/{group}"] = {}
    if role := said.get("iam/info"):
        leaves["iam"] = {"instance_profile": str(json.loads(role)["InstanceProfileArn"])}
    return leaves


def _ask(method: str, path: str, headers: Mapping[str, str]) -> str | None:
    """Return the answer; None where there is nothing at `path`.

    Raises:
        OSError: nobody answers; PermissionError where the answer is no.
    """
    place = urlsplit(os.environ.get(_ENDPOINT) or _SERVICE)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=_TIMEOUT_S)
    try:
        connection.request(method, path, headers=dict(headers))
        response = connection.getresponse()
        text = response.read(_MOST_BYTES).decode("utf-8", "backslashreplace")
    finally:
        connection.close()
    if response.status == _NOT_THERE:
        return None
    if response.status != _GOOD:
        raise PermissionError(f"the metadata service answered {response.status}")
    return text
