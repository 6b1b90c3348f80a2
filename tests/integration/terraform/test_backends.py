"""The state that is read is the state terraform wrote, whatever backend holds it."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import ClassVar

import boto3
import psycopg
import pytest

from iac_adapters.terraform.backend import locate_state, read_state
from iac_adapters.terraform.source_reading import load_source
from iac_adapters.terraform.state import StateFile, parse_state
from iac_adapters.terraform.workspace import selected_workspace
from reconciler.domain.errors import PermanentError, RetryableError
from tests.simulator import Simulator

_TERRAFORM = shutil.which("terraform")
pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("terraform")]
_CODE = """
resource "terraform_data" "each" {
  for_each = toset(["a.b", "c\\"d"])
  input    = sensitive(each.key)
}
module "m" {
  source = "./m"
}
"""
_MODULE = 'resource "terraform_data" "n" {\n  count = 2\n  input = 12345678901234567890.125\n}\n'
_ADDRESSES = {
    'terraform_data.each["a.b"]',
    'terraform_data.each["c\\"d"]',
    "module.m.terraform_data.n[0]",
    "module.m.terraform_data.n[1]",
}


class Stack:
    """A root module, and terraform to work it with."""

    def __init__(self, directory: Path, backend: str = "", **environment: str) -> None:
        self.directory = directory
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TF_", "AWS_"))},
            "TF_CLI_CONFIG_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",
            **environment,
        }
        (directory / "m").mkdir(parents=True)
        (directory / "m" / "main.tf").write_text(_MODULE)
        (directory / "main.tf").write_text(_CODE)
        if backend:
            (directory / "backend.tf").write_text(f"terraform {{\n{backend}\n}}\n")

    def run(self, *arguments: str) -> str:
        return subprocess.run(
            [str(_TERRAFORM), *arguments],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def apply(self) -> None:
        self.run("init", "-input=false")
        self.run("apply", "-input=false", "-auto-approve")

    def tree(self) -> dict[str, tuple[str, int]]:
        return {
            str(path.relative_to(self.directory)): (
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path.stat().st_mtime_ns,
            )
            for path in sorted(self.directory.rglob("*"))
            if path.is_file()
        }

    async def read(self, workspace: str | None = None) -> StateFile:
        before = self.tree()
        name = selected_workspace(self.directory, environment=self.environment, wanted=workspace)
        source = load_source(self.directory, data_dir=self.directory / ".terraform", cache_dir=None)
        location = locate_state(
            self.directory,
            workspace=name,
            environment=self.environment,
            declared=source.backend,
            tool="terraform",
        )
        data = await read_state(
            location, executable=Path(str(_TERRAFORM)), environment=self.environment
        )
        assert self.tree() == before
        return parse_state(data, origin=location.description)

    async def check(self) -> None:
        state = await self.read()
        pulled = json.loads(self.run("state", "pull"))
        assert {instance.address for instance in state.instances} == _ADDRESSES
        assert set(self.run("state", "list").split()) == _ADDRESSES
        assert (state.serial, state.lineage) == (pulled["serial"], pulled["lineage"])
        exact = next(i for i in state.instances if i.address.endswith("n[0]"))
        assert b"12345678901234567890.125" in (exact.attributes_json or b"")


async def test_local_state(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "s")
    stack.apply()
    await stack.check()


async def test_a_directory_that_was_never_applied_has_no_instances(tmp_path: Path) -> None:
    assert (await Stack(tmp_path / "s").read()).instances == ()


async def test_local_backend_with_a_path_and_workspaces(tmp_path: Path) -> None:
    backend = 'backend "local" {\n  path = "deep/x.tfstate"\n  workspace_dir = "spaces"\n}'
    stack = Stack(tmp_path / "s", backend)
    stack.apply()
    await stack.check()
    stack.run("workspace", "new", "blue")
    assert (await stack.read()).instances == ()
    stack.run("apply", "-input=false", "-auto-approve")
    await stack.check()
    assert (await stack.read()).lineage != (await stack.read("default")).lineage
    stack.environment["TF_WORKSPACE"] = "default"
    assert (await stack.read()).lineage == (await stack.read("default")).lineage


async def test_tf_data_dir_is_honoured(tmp_path: Path) -> None:
    backend = 'backend "local" {\n  path = "deep/x.tfstate"\n}'
    stack = Stack(tmp_path / "s", backend, TF_DATA_DIR=str(tmp_path / "data"))
    stack.apply()
    await stack.check()


async def test_a_backend_that_is_not_initialised_is_named(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "s", '# who\n  backend "s3" {\n  }')
    with pytest.raises(PermanentError, match="names a s3 backend") as caught:
        await stack.read()
    assert "terraform init" in str(caught.value.remedy)


@pytest.mark.parametrize("kind", ["directory", "loop", "pipe"])
async def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    stack = Stack(tmp_path / "s")
    state = stack.directory / "terraform.tfstate"
    match kind:
        case "directory":
            state.mkdir()
        case "loop":
            state.symlink_to(state.name)
        case _:
            os.mkfifo(state)
    location = locate_state(
        stack.directory, workspace="default", environment={}, declared=None, tool="terraform"
    )
    with pytest.raises(PermanentError, match=r"terraform\.tfstate: is a"):
        await read_state(location, executable=Path("unused"), environment={})


class _StateServer(http.server.BaseHTTPRequestHandler):
    state = b""
    writes: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self._answer(200 if self.state else 404, self.state)

    def do_POST(self) -> None:
        type(self).state = self.rfile.read(int(self.headers["Content-Length"]))
        self.writes.append("POST")
        self._answer(200, b"")

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


async def test_http_backend(tmp_path: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _StateServer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://user:hunter2@127.0.0.1:{server.server_port}/state"
    stack = Stack(
        tmp_path / "s",
        f'backend "http" {{\n  address = "{address}"\n  retry_max = 0\n}}',
    )
    try:
        stack.apply()
        written = len(_StateServer.writes)
        await stack.check()
        assert len(_StateServer.writes) == written
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    with pytest.raises(RetryableError) as caught:
        await stack.read()
    assert "hunter2" not in str(caught.value)


async def test_s3_backend_with_workspaces(tmp_path: Path, simulator: Simulator) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=simulator.endpoint,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    client.create_bucket(Bucket="backend-states")
    backend = f"""backend "s3" {{
      bucket = "backend-states"
      key = "x.tfstate"
      region = "us-east-1"
      use_path_style = true
      skip_credentials_validation = true
      skip_requesting_account_id = true
      skip_metadata_api_check = true
      endpoints = {{ s3 = "{simulator.endpoint}" }}
    }}"""
    stack = Stack(tmp_path / "s", backend, AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    stack.apply()
    await stack.check()
    stack.run("workspace", "new", "blue")
    stack.run("apply", "-input=false", "-auto-approve")
    await stack.check()
    objects = [o["Key"] for o in client.list_objects_v2(Bucket="backend-states")["Contents"]]
    with pytest.raises(PermanentError, match="no workspace 'green'"):
        await stack.read("green")
    client.get_object(Bucket="backend-states", Key="x.tfstate")
    assert [
        o["Key"] for o in client.list_objects_v2(Bucket="backend-states")["Contents"]
    ] == objects


async def test_pg_backend(tmp_path: Path, postgres: str) -> None:
    separator = "&" if "?" in postgres else "?"
    address = f"{postgres}{separator}sslmode=disable"
    backend = f'backend "pg" {{\n  conn_str = "{address}"\n  schema_name = "backend_test"\n}}'
    stack = Stack(tmp_path / "s", backend)
    stack.apply()
    await stack.check()
    with pytest.raises(PermanentError, match="no workspace 'green'"):
        await stack.read("green")
    with psycopg.connect(postgres) as connection:
        names = connection.execute("select name from backend_test.states").fetchall()
    assert names == [("default",)]
