"""A policy's script corrects drift of a Pulumi stack, and what it says holds no secret of it."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

import pytest

from reconciler.dispatch.script_files import lack_of
from reconciler.domain.scripts import ScriptRule
from tests.daemon import UNLIMITED
from tests.e2e.shop import only_remediation
from tests.e2e.things import HACKED, Things, run_of, until_found, until_verified
from tests.pulumi_world import initialised, thing
from tests.worlds.pulumi.tools import PulumiTools

PUT_BACK: Final = f"""#!{sys.executable} -I
import json, os, sys
with open(os.environ["TRUEUP_THINGS"]) as file:
    cloud = json.load(file)
for finding in json.load(sys.stdin)["findings"]:
    name = finding["address"].rpartition("::")[2]
    (there,) = (one for one in cloud["objects"].values() if one["name"] == name)
    for change in finding["changes"]:
        there[change["path"]] = change["declared"]
    print("put back", name, "that keeps", there["secret"])
draft = os.environ["TRUEUP_THINGS"] + ".draft"
with open(draft, "w") as file:
    json.dump(cloud, file)
os.replace(draft, os.environ["TRUEUP_THINGS"])
sys.exit(3)
"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _settings(things: Things, script: Path) -> Path:
    digest = hashlib.sha256(script.read_bytes()).hexdigest()
    return things.settings(
        f'[[script]]\nname = "put-back"\nsha256 = "{digest}"\n'
        'environment = ["TRUEUP_THINGS"]\n'
        '[[policy]]\nname = "put back"\nscript = "put-back"\naction_type = "auto_correct"\n'
        f'match = {{stack = "things"}}\n{UNLIMITED}',
        daemon='scripts = "scripts"',
    )


def test_a_script_puts_a_thing_back_and_a_fresh_read_judges_it(
    pulumi: PulumiTools, caches: Path, tmp_path: Path
) -> None:
    lack = lack_of(ScriptRule("put-back", "", ""))
    if lack:
        pytest.skip(lack)
    folder = tmp_path / "daemon"
    folder.mkdir()
    stack = initialised(tmp_path / "stack", pulumi, [thing("kept"), thing("other")])
    things = Things(stack, folder, caches)
    (folder / "scripts").mkdir(mode=0o700)
    script = folder / "scripts" / "put-back"
    script.write_text(PUT_BACK)
    script.chmod(0o755)
    right, kept = stack.things(), stack.urn("kept")
    with things.serving(_settings(things, script)) as daemon:
        until_verified(daemon)
        things.hack("kept")
        assert stack.things()["kept"]["value"] == HACKED
        until_found(daemon, kept)
        done = only_remediation(daemon, "converged", "needs_human", "awaiting_approval")
        assert done["state"] == "converged", done
        assert done["addresses"] == [kept]
        assert stack.things() == right
        # It ended with 3, which decided nothing; no update of the stack ran.
        run = run_of(daemon, done)
        assert (run["exit_code"], run["state"]) == (3, "failed")
        assert things.updates == 0
        log = daemon.ask(f"/runs/{done['run_id']}/log")["items"]
        assert [line["text"] for line in log] == ["put back kept that keeps ***"]
        assert "CANARY" not in "\n".join(daemon.lines) + str(done)
    assert list(things.canaries()) == []
