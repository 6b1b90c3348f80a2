"""The machine's part: lines of a dispatch table in a file, kept by a dynamic provider.

Drift of a desktop or server file is found and put back as that of a cloud is.
"""

from __future__ import annotations

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

_FIELDS = ("depot", "capacity")


class Route(Resource):
    """One town's line of the table."""

    depot: pulumi.Output[str]
    capacity: pulumi.Output[int]

    def __init__(
        self,
        town: str,
        *,
        table: str,
        depot: str,
        capacity: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        properties = {"town": town, "table": table, "depot": depot, "capacity": capacity}
        super().__init__(_Routes(), town, properties, opts)


class _Routes(ResourceProvider):
    """Reads and writes the table; without `read` and `diff` nobody could see what changed."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        _write(props, _line(props))
        return CreateResult(props["town"], dict(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        line = _read(props["table"]).get(id_)
        if line is None:
            return ReadResult("", {})
        return ReadResult(id_, {"town": id_, "table": props["table"], **line})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        moved = [name for name in ("town", "table") if olds.get(name) != news.get(name)]
        changed = [name for name in _FIELDS if olds.get(name) != news.get(name)]
        return DiffResult(changes=bool(moved or changed), replaces=moved)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        _write(news, _line(news))
        return UpdateResult(dict(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        _write(props, None)


def _line(props: dict[str, Any]) -> dict[str, Any]:
    # The wire knows no integers.
    return {"depot": props["depot"], "capacity": int(props["capacity"])}


def _read(table: str) -> dict[str, Any]:
    import json  # noqa: PLC0415 - a provider travels by itself, without this module's head
    from pathlib import Path  # noqa: PLC0415

    file = Path(table)
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _write(props: dict[str, Any], line: dict[str, Any] | None) -> None:
    import fcntl  # noqa: PLC0415
    import json  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    file = Path(props["table"])
    with file.with_suffix(".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = {town: one for town, one in _read(str(file)).items() if town != props["town"]}
        if line is not None:
            lines[props["town"]] = line
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(lines, indent=1, sort_keys=True), encoding="utf-8")
        draft.replace(file)
