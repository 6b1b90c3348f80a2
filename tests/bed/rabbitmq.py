"""A real RabbitMQ of one's own, with its management plug-in, gone after use."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bed.server import stop, wait_until
from tests.ports import free_port

USER: Final = "trueup"
PASSWORD: Final = "rabbit-of-the-test"
_PLUGINS: Final = (
    "rabbitmq_management",
    "rabbitmq_federation_management",
    "rabbitmq_shovel_management",
)
_REQUEST_LIMIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class RabbitMq:
    """A running server; `endpoint` is where its management interface listens."""

    endpoint: str

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Make one call of the management interface; None where there is no such object."""
        request = urllib.request.Request(
            f"{self.endpoint}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Basic {_basic()}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_REQUEST_LIMIT_S) as response:
                answer = response.read()
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return json.loads(answer) if answer else None


def find_rabbitmq() -> Path | None:
    """Return the program itself: the one on PATH would run as a user of its own."""
    # The package's wrapper refuses every user but two, and keeps to the folders of the system.
    inner = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    on_path = shutil.which("rabbitmq-server")
    program = inner if inner.is_file() else Path(on_path) if on_path else None
    return program if program is not None and shutil.which("epmd") else None


@contextmanager
def running_rabbitmq(program: Path) -> Iterator[RabbitMq]:
    """Start a server on free loopback ports; stop it at the end.

    Raises:
        ServerError: it did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="trueup-mq-") as name:
        folder = Path(name)
        port, names_port = free_port(), free_port()
        environment = _environment(folder, port=port, names_port=names_port)
        # Left to itself the server starts a name service that stays for good.
        names = subprocess.Popen(
            ["epmd", "-port", str(names_port), "-address", "127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(program)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = RabbitMq(f"http://127.0.0.1:{port}")
        try:
            wait_until(lambda: _answers(server), process, log)
            yield server
        finally:
            stop(process)
            stop(names)


def _environment(folder: Path, *, port: int, names_port: int) -> dict[str, str]:
    settings = folder / "rabbitmq.conf"
    settings.write_text(
        f"listeners.tcp.1 = 127.0.0.1:{free_port()}\n"
        f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {port}\n"
        f"default_user = {USER}\ndefault_pass = {PASSWORD}\n"
        # It refuses to start where little of the disk is free.
        "disk_free_limit.absolute = 1MB\n"
    )
    plugins = folder / "enabled_plugins"
    plugins.write_text(f"[{','.join(_PLUGINS)}].\n")
    cookie = folder / ".erlang.cookie"
    cookie.write_text(secrets.token_hex(16))
    cookie.chmod(0o400)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(names_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"bed{port}@localhost",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1",
        "RABBITMQ_CONFIG_FILE": str(settings),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_LOGS": "-",
    }


def _answers(server: RabbitMq) -> bool:
    try:
        overview = server.ask("GET", "overview")
    except OSError:
        return False
    return overview is not None


def _basic() -> str:
    return base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
