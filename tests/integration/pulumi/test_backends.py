"""Wherever the record is kept: read, remembered, corrected, and never written by a scan."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
import pytest

from reconciler.domain.errors import RetryableError
from reconciler.domain.model import Drifted, InSync, Origin
from reconciler.engine.folders import drop_plans
from reconciler.ports import Done, Failed
from tests.integration.pulumi.correcting import canaries, corrector, update_by_somebody
from tests.patience import until
from tests.pulumi_world import THINGS, PulumiStack
from tests.simulator import Simulator
from tests.worlds.pulumi.tools import PulumiTools

Where = Callable[[pytest.FixtureRequest], Mapping[str, str]]


def _client(cloud: Simulator) -> Any:
    keys: Any = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "testing")
    return boto3.client("s3", endpoint_url=cloud.endpoint, region_name="us-east-1", **keys)


def _s3(request: pytest.FixtureRequest) -> Mapping[str, str]:
    cloud: Simulator = request.getfixturevalue("simulator")
    bucket = f"states-{uuid.uuid4().hex[:12]}"
    _client(cloud).create_bucket(Bucket=bucket)
    options = "disableSSL=true&s3ForcePathStyle=true&region=us-east-1"
    endpoint = urlsplit(cloud.endpoint).netloc
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    return {**keys, "PULUMI_BACKEND_URL": f"s3://{bucket}?endpoint={endpoint}&{options}"}


def _postgres(request: pytest.FixtureRequest) -> Mapping[str, str]:
    address: str = request.getfixturevalue("postgres")
    return {"PULUMI_BACKEND_URL": f"{address.replace('postgresql', 'postgres')}?sslmode=disable"}


def _gzip(_request: pytest.FixtureRequest) -> Mapping[str, str]:
    return {"PULUMI_DIY_BACKEND_GZIP": "true"}


def _legacy(_request: pytest.FixtureRequest) -> Mapping[str, str]:
    return {
        "PULUMI_DIY_BACKEND_LEGACY_LAYOUT": "true",
        "PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR": "1",
    }


REMOTE: Final[dict[str, Where]] = {"s3": _s3, "postgres": _postgres}
FILES: Final[dict[str, Where]] = {"gzip": _gzip, "legacy": _legacy}


@pytest.fixture
def stack(request: pytest.FixtureRequest, pulumi: PulumiTools, tmp_path: Path) -> PulumiStack:
    """A stack whose record is kept where the test's parameter says."""
    folder = tmp_path / "own"
    folder.mkdir()
    where: Where = request.param
    made = PulumiStack(folder=folder, program=pulumi.cli, extra=where(request)).found()
    made.write(*THINGS)
    made.run("stack", "init")
    made.up()
    return made.noting()


def hacked(stack: PulumiStack) -> None:
    with stack.changed() as things:
        things["kept"].update(value="hacked", secret="CANARY-by-somebody")


def on(places: dict[str, Where]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("stack", places.values(), ids=places, indirect=True)


@on(REMOTE | FILES)
async def test_drift_is_found_remembered_through_a_refresh_and_put_back(
    stack: PulumiStack,
) -> None:
    right = stack.things()
    assert isinstance((await stack.scan())["kept"], InSync)
    hacked(stack)
    async with corrector(stack) as ours:
        (before,) = (await ours.scan()).findings
        stack.refresh()
        # The record says now what somebody made of it; the last update left something else.
        (after,) = (await ours.scan()).findings
        assert after.fingerprint == before.fingerprint
        assert (after.address, after.origin) == (stack.urn("kept"), Origin.OUT_OF_BAND)
        snapshot, plan = await ours.plan(stack.urn("kept"))
        assert plan.resources[0].new == ()
        assert await ours.apply(snapshot) == Done("1 changed")
        assert stack.things() == right
        assert (await ours.scan()).findings == ()
        drop_plans(ours.run_folder())
        assert list(canaries(ours.run_folder())) == []
    assert stack.calls("up") == 1
    # It is asked for where only the CLI can read it.
    assert (stack.calls("stack") > 0) is (stack.extra.get("PULUMI_BACKEND_URL") is not None)


@on(FILES)
async def test_an_update_in_a_folder_of_another_form_is_seen_too(stack: PulumiStack) -> None:
    hacked(stack)
    stack.edit("lax", size=9)
    with update_by_somebody(stack) as process:
        await until(lambda: any(stack.backend.glob("locks/**/*.json")))
        with pytest.raises(RetryableError, match=rf"\(pid {process.pid}\)"):
            await stack.scan()
    assert isinstance((await stack.scan())["kept"], Drifted)


@on({"s3": _s3})
async def test_a_lock_that_cannot_be_looked_at_is_the_clis_to_keep(
    stack: PulumiStack, simulator: Simulator
) -> None:
    hacked(stack)
    bucket = urlsplit(stack.extra["PULUMI_BACKEND_URL"]).netloc
    key = ".pulumi/locks/organization/things/dev/left.json"
    content = {
        "pid": 7,
        "username": "ada",
        "hostname": "elsewhere",
        "timestamp": "2026-01-01T00:00:00Z",
    }
    s3 = _client(simulator)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(content).encode())
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        outcome = await ours.apply(snapshot)
        assert isinstance(outcome, Failed)
        assert "created by ada@elsewhere (pid 7)" in outcome.reason
        assert "nothing was done" in outcome.reason
        assert stack.things()["kept"]["value"] == "hacked"
        assert s3.list_objects(Bucket=bucket, Prefix=".pulumi/locks")["Contents"][0]["Key"] == key
        s3.delete_object(Bucket=bucket, Key=key)
        assert await ours.correct(stack.urn("kept"), name="after") == Done("1 changed")
