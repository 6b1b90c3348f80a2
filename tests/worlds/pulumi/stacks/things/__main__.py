"""Things in a JSON file that stands for a cloud, worked by real dynamic providers.

Which things there are, and by which provider, stands in `things.json` beside this file;
TRUEUP_THINGS names the cloud. It holds `{"objects": {ID: FIELDS}, "knobs": {ID: KNOB},
"applying": {NAME: KNOB}}`. A knob is what happens when the object is read: `crash`, `hang`,
`pause` (as long as the knob stands), `leak` (an error that quotes the secret), `throttle`,
`deny`, `expired`, or else the words of an error. When the object called NAME is made, changed
or deleted, it is `wait` (likewise; the file CLOUD.waiting tells that somebody does), `half` (it
is done, then an error), `dies` (the provider, when it is done), or else the words of an error.

A text that begins with CANARY is a secret, wherever it stands.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pulumi
from pulumi.dynamic import (
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

FIELDS = ("name", "place", "value", "size", "public", "secret", "labels", "rules", "zones")


class Mute(ResourceProvider):
    """Makes, changes and deletes things, and can neither read nor compare them."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make it under an id of its own; a name is taken once only."""
        knob = self._applying(props["name"])

        def make(content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
            taken = {one["name"] for one in content["objects"].values()}
            if props["name"] in taken:
                raise RuntimeError(f"AlreadyExists: {props['name']}")
            made = content.setdefault("made", {})
            made[props["name"]] = made.get(props["name"], 0) + 1
            id_ = f"{props['name']}-{made[props['name']]}"
            content["objects"][id_] = {field: props.get(field) for field in FIELDS}
            return id_, content["objects"][id_]

        id_, thing = self._change(make)
        self._after(knob)
        return CreateResult(id_, self._outputs(thing))

    def update(self, id_: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Make it what it shall be; what is gone cannot be changed."""
        knob = self._applying(news["name"])

        def change(content: dict[str, Any]) -> dict[str, Any]:
            if id_ not in content["objects"]:
                raise RuntimeError(f"NotFound: {id_}")
            thing: dict[str, Any] = content["objects"][id_]
            thing.update({field: news.get(field) for field in FIELDS})
            writes = content.setdefault("writes", {})
            writes[news["name"]] = writes.get(news["name"], 0) + 1
            return thing

        thing = self._change(change)
        self._after(knob)
        return UpdateResult(self._outputs(thing))

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Delete it; deleting what is gone is no error."""
        knob = self._applying(props["name"])
        self._change(lambda content: content["objects"].pop(id_, None))
        self._after(knob)

    def _outputs(self, thing: Mapping[str, Any]) -> dict[str, Any]:
        content = json.dumps(thing, sort_keys=True).encode()
        return {**thing, "etag": hashlib.sha256(content).hexdigest()[:12]}

    def _applying(self, name: str) -> str | None:
        knob: str | None = self._content()["applying"].get(name)
        while knob == "wait":
            Path(f"{os.environ['TRUEUP_THINGS']}.waiting").touch()
            time.sleep(0.05)
            knob = self._content()["applying"].get(name)
        if knob is not None and knob not in ("half", "dies"):
            raise RuntimeError(knob)
        return knob

    def _after(self, knob: str | None) -> None:
        if knob == "half":
            raise RuntimeError("it was done, and then something went wrong")
        if knob == "dies":
            os._exit(3)

    def _content(self) -> dict[str, Any]:
        cloud = Path(os.environ["TRUEUP_THINGS"])
        found = json.loads(cloud.read_text()) if cloud.exists() else {}
        return {"objects": {}, "knobs": {}, "applying": {}, **found}

    def _change(self, change: Any) -> Any:
        cloud = os.environ["TRUEUP_THINGS"]
        with Path(f"{cloud}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = self._content()
            answer = change(content)
            draft = Path(f"{cloud}.new")
            draft.write_text(json.dumps(content, indent=1, sort_keys=True))
            draft.replace(cloud)
            return answer


class Blind(Mute):
    """Reads things as well, and leaves comparing to the engine."""

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return it as it is; without an id when it is gone."""
        knob = self._content()["knobs"].get(id_)
        while knob == "pause":
            time.sleep(0.05)
            knob = self._content()["knobs"].get(id_)
        if knob == "crash":
            os._exit(3)
        if knob == "hang":
            time.sleep(3600)
        if knob is not None:
            raise RuntimeError(
                {
                    "leak": f"NotUnderstood: secret={props.get('secret')!r} of {id_}",
                    "throttle": "ThrottlingException: Rate exceeded",
                    "deny": "AccessDenied: not authorized to perform things:Read",
                    "expired": "ExpiredToken: The security token in the request is expired",
                }.get(knob, knob)
            )
        thing = self._content()["objects"].get(id_)
        return ReadResult("", {}) if thing is None else ReadResult(id_, self._outputs(thing))


class Keeper(Blind):
    """Compares things as well: another place makes it another thing."""

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Say whether an update would do anything; it does not say where."""
        changed = [field for field in FIELDS if olds.get(field) != news.get(field)]
        replaces = ["place"] if "place" in changed else []
        return DiffResult(changes=bool(changed), replaces=replaces, delete_before_replace=True)


PROVIDERS = {"mute": Mute, "blind": Blind, "keeper": Keeper}


class Thing(Resource, module="things", name="Thing"):
    """One thing."""

    etag: pulumi.Output[str]


class Group(pulumi.ComponentResource):
    """Things that belong together."""


def declare() -> None:
    """Ask for every thing of `things.json`."""
    for provider in PROVIDERS.values():
        for function in vars(provider).values():
            if isinstance(function, FunctionType):
                function.__code__ = unplaced(function.__code__)
    things = json.loads(Path(__file__).with_name("things.json").read_text())
    groups = {one["group"]: None for one in things if one.get("group")}
    made = {name: Group("things:index:Group", name) for name in groups}
    asked: dict[str, Thing] = {}
    for thing in things:
        options = pulumi.ResourceOptions(
            parent=made.get(thing.get("group")),
            ignore_changes=thing.get("ignored"),
            depends_on=[asked[name] for name in thing.get("after", ())],
            protect=thing.get("protect"),
        )
        properties = {field: sealed(thing.get(field)) for field in FIELDS} | {"etag": None}
        worked_by = PROVIDERS[thing.get("provider", "keeper")]()
        asked[thing["name"]] = Thing(worked_by, thing["name"], properties, options)
    pulumi.export("count", len(things))


def unplaced(code: CodeType) -> CodeType:
    """Return `code` without the file it is from: pickled with it, a copied project would differ."""
    inner = (
        unplaced(constant) if isinstance(constant, CodeType) else constant
        for constant in code.co_consts
    )
    return code.replace(co_filename="things", co_consts=tuple(inner))


def sealed(value: Any) -> Any:
    """Return `value` with every text in it that begins with CANARY made a secret."""
    if isinstance(value, str) and value.startswith("CANARY"):
        return pulumi.Output.secret(value)
    if isinstance(value, dict):
        return {key: sealed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [sealed(item) for item in value]
    return value


if __name__ == "__main__":
    declare()
