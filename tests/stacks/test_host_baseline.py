"""The host baselines as they are registered: whole, twice, and without a secret in the clear."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from tests.stacks.program import HOSTS, Project, Ran
from tests.stacks.secrets_on_the_wire import SEALED, is_secret, sealed

TYPE = "trueup:host:Baseline"
TOKEN = "correct horse battery staple"
TOKEN_DIGEST = hashlib.sha256(TOKEN.encode()).hexdigest()


def files_of(ran: Ran) -> dict[str, dict[str, Any]]:
    return {file["path"]: file for file in ran.all(TYPE)[0].inputs["files"]}


def program(folder: Path, text: str) -> Project:
    """Return a project like ours with a program of its own."""
    shutil.copytree(HOSTS.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "__main__.py").write_text(f"import pulumi\nfrom trueup_host import *\n{text}")
    return Project(folder)


def test_every_host_has_one_baseline(hosts: Ran) -> None:
    assert hosts.types() == {TYPE: 2}
    assert [(host.name, host.inputs["host"]) for host in hosts.all(TYPE)] == [
        ("web-1", "web-1"),
        ("web-2", "web-2"),
    ]


def test_the_whole_declaration_is_input_and_output(hosts: Ran) -> None:
    for baseline in hosts.all(TYPE):
        assert baseline.outputs == baseline.inputs
        assert baseline.inputs.keys() == {
            "schema",
            "host",
            "claims",
            "files",
            "firewall",
            "packages",
            "services",
            "sysctl",
        }


def test_the_world_reaches_443_and_administrators_22(hosts: Ran) -> None:
    baseline = hosts.all(TYPE)[0].inputs

    assert [(rule["port"], rule["source"]) for rule in baseline["firewall"]] == [
        (22, "10.0.0.0/8"),
        (443, "0.0.0.0/0"),
    ]
    assert baseline["claims"] == ["firewall"]


def test_it_exports_the_address_of_every_baseline(hosts: Ran) -> None:
    assert hosts.outputs == {"baselines": {host.name: host.urn for host in hosts.all(TYPE)}}


def test_every_setting_is_honoured() -> None:
    ran = HOSTS.run({"hosts": ["db-1.example"], "adminCidr": "192.0.2.0/24"})

    (baseline,) = ran.all(TYPE)
    assert ran.error is None
    assert baseline.inputs["host"] == "db-1.example"
    assert baseline.inputs["firewall"][0]["source"] == "192.0.2.0/24"


def test_the_digest_of_a_secret_is_a_secret() -> None:
    ran = HOSTS.run(metricsToken=TOKEN)

    file = files_of(ran)["/etc/metrics/token"]
    assert is_secret(file["sha256"])
    assert file["sha256"]["value"] == TOKEN_DIGEST
    assert (file["mode"], "content" in file) == ("0600", False)
    assert TOKEN not in json.dumps(
        [[resource.inputs, resource.outputs] for resource in ran.resources]
    )
    assert TOKEN not in json.dumps(ran.outputs)


def test_content_that_is_kept_is_kept_as_a_secret(tmp_path: Path) -> None:
    kept = program(
        tmp_path / "kept",
        f"secret = pulumi.Output.secret({TOKEN!r})\n"
        "plain = pulumi.Output.from_input('line\\n')\n"
        "HostBaseline('a', HostDeclaration(host='a', files=[\n"
        f"    File('/text', {TOKEN!r}, keep_content=True),\n"
        "    File('/secret', secret, keep_content=True),\n"
        "    File('/output', plain),\n"
        "]))\n",
    )

    ran = kept.run()

    files = files_of(ran)
    assert ran.error is None
    assert files["/text"]["content"]["value"] == files["/secret"]["content"]["value"] == TOKEN
    assert files["/output"]["sha256"] == hashlib.sha256(b"line\n").hexdigest()
    (baseline,) = ran.all(TYPE)
    for side in (baseline.inputs, baseline.outputs):
        readable = {file["path"]: file for file in sealed(side)["files"]}
        assert readable["/text"]["content"] == readable["/secret"]["content"] == SEALED
        assert readable["/secret"]["sha256"] == SEALED
        assert TOKEN not in json.dumps(readable)


def test_a_bad_setting_is_refused_before_anything_is_registered() -> None:
    refused = HOSTS.run({"adminCidr": "the office"})

    assert refused.error is not None
    assert refused.error.startswith("source must be a network: 'the office'")
    assert refused.resources == ()
