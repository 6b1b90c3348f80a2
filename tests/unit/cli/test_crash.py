"""A crash log tells where it happened, and no value of anybody."""

from __future__ import annotations

import json
from pathlib import Path

from reconciler.cli.crash import write_crash_log
from reconciler.domain.errors import PermanentError

CANARY = "kR8vN2mQ5xW9zT4p"


def _program(folder: Path) -> Path:
    file = folder / "program.py"
    file.write_text(f"def main():\n    raise KeyError('{CANARY}')  # {CANARY}\n")
    return file


def _crash(folder: Path) -> BaseException:
    spoken: dict[str, object] = {}
    exec(compile(_program(folder).read_text(), folder / "program.py", "exec"), spoken)  # noqa: S102
    try:
        try:
            json.loads(f'{{"a": {CANARY}}}')
        except ValueError:
            spoken["main"]()  # type: ignore[operator]
    except KeyError as error:
        group = ExceptionGroup(
            CANARY, [ValueError(CANARY), PermanentError("main.tf: no such file")]
        )
        group.__cause__ = error
        return group
    raise AssertionError


def test_a_crash_log_has_places_and_types_and_no_values(tmp_path: Path) -> None:
    log = write_crash_log(_crash(tmp_path), {"XDG_STATE_HOME": str(tmp_path / "state")})
    assert log is not None
    text = log.read_text()
    assert CANARY not in text
    assert f'"{tmp_path / "program.py"}", line 2, in main' in text
    assert "json.decoder.JSONDecodeError\n" in text
    assert "builtins.KeyError\n" in text
    assert "PermanentError: main.tf: no such file" in text
    assert log.stat().st_mode & 0o077 == 0
