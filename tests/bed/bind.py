"""A real BIND of one's own that takes signed updates of one zone, gone after use."""

from __future__ import annotations

import base64
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bed.server import stop, wait_until
from tests.ports import free_port

ZONE: Final = "bed.test."
KEY: Final = "bed."
_ZONE_FILE: Final = """\
$TTL 60
@ IN SOA ns.bed.test. admin.bed.test. (1 3600 600 86400 60)
@ IN NS ns.bed.test.
ns IN A 127.0.0.1
"""
_LIMIT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Bind:
    """A running server and the key that it takes updates with."""

    port: int
    secret: str = field(repr=False)

    def update(self, *lines: str) -> None:
        """Change the zone as `nsupdate` does: `delete a.bed.test. A`, `add ...`."""
        told = [f"server 127.0.0.1 {self.port}", f"zone {ZONE}", *(f"update {x}" for x in lines)]
        subprocess.run(
            ["nsupdate", "-y", f"hmac-sha256:{KEY}:{self.secret}"],
            input="\n".join([*told, "send", ""]),
            text=True,
            check=True,
            capture_output=True,
            timeout=_LIMIT_S,
        )

    def ask(self, name: str, kind: str) -> list[str]:
        """Return the records of a name, each with its time to live, sorted."""
        # What is delegated is told as the authority, and not as the answer.
        told = ("+noall", "+answer", "+authority", "+time=2")
        server = ("@127.0.0.1", "-p", str(self.port), *told)
        done = subprocess.run(
            ["dig", *server, name, kind],
            text=True,
            check=True,
            capture_output=True,
            timeout=_LIMIT_S,
        )
        records = [line.split() for line in done.stdout.splitlines() if line]
        return sorted(" ".join(record) for record in records if record[3] == kind)


def find_bind() -> Path | None:
    """Return the server's program where the tools to change and to ask it are there as well."""
    found = shutil.which("named", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    tools = all(shutil.which(tool) for tool in ("nsupdate", "dig"))
    return Path(found) if found and tools else None


@contextmanager
def running_bind(program: Path) -> Iterator[Bind]:
    """Start a server on a free loopback port; stop it at the end.

    Raises:
        ServerError: it did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="trueup-dns-") as name:
        folder = Path(name)
        server = Bind(free_port(), base64.b64encode(secrets.token_bytes(32)).decode())
        settings = folder / "named.conf"
        settings.write_text(_settings(folder, server))
        (folder / "zone").write_text(_ZONE_FILE)
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(program), "-g", "-4", "-n", "1", "-c", str(settings)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(lambda: _answers(server), process, log)
            yield server
        finally:
            stop(process)


def _settings(folder: Path, server: Bind) -> str:
    # Whoever asks twice gets the records of a set in another order.
    return f"""
key "{KEY}" {{ algorithm hmac-sha256; secret "{server.secret}"; }};
options {{
  directory "{folder}";
  listen-on port {server.port} {{ 127.0.0.1; }};
  pid-file "{folder}/pid";
  session-keyfile "{folder}/session";
  managed-keys-directory "{folder}";
  recursion no;
  dnssec-validation no;
  rrset-order {{ order cyclic; }};
}};
controls {{ }};
zone "{ZONE}" {{ type primary; file "{folder}/zone"; allow-update {{ key "{KEY}"; }}; }};
"""


def _answers(server: Bind) -> bool:
    try:
        return bool(server.ask(ZONE, "SOA"))
    except subprocess.SubprocessError:
        return False
