"""A policy's script corrects drift through the cloud's own API, and a fresh read judges it."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.dispatch.script_files import lack_of
from reconciler.domain.scripts import ScriptRule
from tests.daemon import UNLIMITED, Daemon
from tests.e2e.command import Trueup
from tests.e2e.lone_daemon import LoneDaemon
from tests.e2e.shop import GROUP, Shop, only_remediation, until_state
from tests.strangers.worlds import DECLARED, DRIFT, JsonWorld, install_worlds

CLOSE_PORT: Final = f"""#!{sys.executable} -I
import json, os, sys
import boto3
given = json.load(sys.stdin)
(finding,) = given["findings"]
ec2 = boto3.client("ec2", endpoint_url=os.environ["CLOUD"], region_name="us-east-1",
                   aws_access_key_id="test", aws_secret_access_key=os.environ["CLOUD_SECRET"])
name = finding["declared"]["name"]
groups = ec2.describe_security_groups(Filters=[{{"Name": "group-name", "Values": [name]}}])
(group,) = groups["SecurityGroups"]
for rule in group["IpPermissions"]:
    if any(one["CidrIp"] == "0.0.0.0/0" for one in rule["IpRanges"]):
        rule = {{key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort", "IpRanges")}}
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])
        print("closed", rule["FromPort"], "as", os.environ["CLOUD_SECRET"])
sys.exit(3)
"""
SECRET: Final = "cloud-key-4711-abcdef"
pytestmark = pytest.mark.slow


def _written(folder: Path, name: str, text: str) -> Path:
    scripts = folder / "scripts"
    scripts.mkdir(mode=0o700, exist_ok=True)
    file = scripts / name
    file.write_text(text)
    file.chmod(0o755)
    return file


def _settings(shop: Shop) -> Path:
    _written(shop.folder, "close-port", CLOSE_PORT)
    env_file = shop.folder / "shop.env"
    env_file.write_text(f"CLOUD={shop.deployed.simulator_endpoint}\nCLOUD_SECRET={SECRET}\n")
    digest = hashlib.sha256(CLOSE_PORT.encode()).hexdigest()
    return shop.settings(
        f'[[script]]\nname = "close-port"\nsha256 = "{digest}"\nnetwork = true\nmemory = "1GiB"\n'
        'environment = ["CLOUD", "CLOUD_SECRET"]\n'
        f'[[policy]]\nname = "close ports"\nscript = "close-port"\naction_type = "auto_correct"\n'
        f'match = {{type = "aws_security_group"}}\n{UNLIMITED}',
        daemon='scripts = "scripts"\n',
        stacks=f'env_file = "{env_file}"',
    )


def _log(daemon: Daemon, run: str) -> str:
    return "\n".join(line["text"] for line in daemon.ask(f"/runs/{run}/log")["items"])


def test_a_script_closes_a_port_and_a_fresh_read_judges_it(shop: Shop) -> None:
    with shop.serving(_settings(shop)) as daemon:
        daemon.until("the first scan", lambda: daemon.ask("/stacks/shop")["verified_at"])
        shop.open_to_the_world()
        daemon.ask("/stacks/shop/scan", {})
        done = only_remediation(daemon, "converged", "needs_human", "awaiting_approval")
        assert done["state"] == "converged", done
        assert shop.open_ports == {443}
        script = done["plan"]["script"]
        assert script["path"] == str(shop.folder / "scripts" / "close-port")
        assert [one["address"] for one in script["given"]["findings"]] == [GROUP]
        run = daemon.ask(f"/runs/{done['run_id']}")
        # It ended with 3, which decided nothing.
        assert (run["exit_code"], run["state"]) == (3, "failed")
        said = _log(daemon, done["run_id"])
        assert "closed 22 as" in said
        assert SECRET not in said + str(done) + str(run)
        assert SECRET not in "\n".join(daemon.lines)
    for file in shop.data_dir.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file


PUT_BACK: Final = f"""#!{sys.executable} -I
import json, os, sys
cloud = json.load(open(os.environ["CLOUD_FILE"]))
for finding in json.load(sys.stdin)["findings"]:
    for change in finding["changes"]:
        cloud["things"][finding["address"].split(".")[1]][change["path"]] = change["declared"]
draft = os.environ["CLOUD_FILE"] + ".draft"
with open(draft, "w") as file:
    json.dump(cloud, file)
os.replace(draft, os.environ["CLOUD_FILE"])
"""


def test_an_approved_script_that_was_changed_does_not_run(tmp_path: Path) -> None:
    lack = lack_of(ScriptRule("put-back", "", ""))
    if lack:
        pytest.skip(lack)
    site = install_worlds(tmp_path / "site")
    extra = {"PYTHONPATH": str(site)}
    world = JsonWorld.made(tmp_path / "shop")
    lone = LoneDaemon(tmp_path, tmp_path / "caches", extra=extra)
    (tmp_path / "shop.env").write_text(f"CLOUD_FILE={world.cloud}\n")
    script = _written(tmp_path, "put-back", PUT_BACK)
    digest = hashlib.sha256(PUT_BACK.encode()).hexdigest()
    lone.settings(
        {"shop": f'interval = "10s"\nenv_file = "{tmp_path}/shop.env"'},
        daemon='confirm_after = "1s"\nscripts = "scripts"',
        more=f'[[script]]\nname = "put-back"\nsha256 = "{digest}"\nenvironment = ["CLOUD_FILE"]\n'
        '[[policy]]\nname = "put back"\nscript = "put-back"\n' + UNLIMITED,
    )
    trueup = Trueup({**extra, "XDG_CACHE_HOME": str(tmp_path / "caches")})
    drift = DRIFT
    with lone.serving() as daemon:
        daemon.until("the first scan", lambda: daemon.ask("/stacks/shop")["verified_at"])
        world.put(drift)
        daemon.ask("/stacks/shop/scan", {})
        waiting = only_remediation(daemon, "awaiting_approval")
        shown = trueup.run("--config", lone.settings_file, "remediation", waiting["id"]).out
        assert f"sha256 {digest}" in shown
        assert "isolated in namespaces, without network" in shown
        assert "variables of the stack: CLOUD_FILE" in shown

        script.write_text(PUT_BACK + "# changed\n")
        _approve(daemon, waiting)
        stopped = until_state(daemon, waiting["id"], "needs_human", "converged")
        assert (stopped["state"], world.things) == ("needs_human", drift)
        assert "is not the allowed one" in stopped["note"]
        assert daemon.ask("/runs")["items"] == []

        script.write_text(PUT_BACK)
        daemon.ask(f"/remediations/{waiting['id']}/retry", {"reason": "put back"})
        # Whoever tries again what needed a person approves anew, of the same plan here.
        again = until_state(daemon, waiting["id"], "awaiting_approval")
        assert again["plan"]["digest"] == waiting["plan"]["digest"]
        _approve(daemon, again)
        until_state(daemon, waiting["id"], "converged")
        assert world.things == DECLARED


def _approve(daemon: Daemon, waiting: dict[str, Any]) -> None:
    digest = waiting["plan"]["digest"]
    daemon.ask(f"/remediations/{waiting['id']}/approve", {"plan_digest": digest})
