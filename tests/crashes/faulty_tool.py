"""A tool that goes wrong once, in terraform's words: `python faulty_tool.py FAULT FOLDER PLAN`.

It notes its beginning and its end in FOLDER, and does what is wrong with it the first time only.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

SECRET = "canary-7f3a91c0de"
LINE = "x" * 1023
_HANGS_S = 120.0


def main(fault: str, place: str, plan: str) -> int:
    folder = Path(place)
    again = (folder / "faulted").exists()
    note(folder, "begin")
    (folder / "faulted").touch()
    wanted = json.loads(Path(plan).read_text())
    say({"@message": "Terraform 1.9", "type": "version"})
    code = correct(wanted) if again else FAULTS[fault](folder, wanted)
    sys.stdout.flush()
    note(folder, "end")
    return code


def note(folder: Path, word: str) -> None:
    with (folder / "notes").open("a", encoding="utf-8") as notes:
        notes.write(f"{word}\n")


def say(event: dict[str, object]) -> None:
    print(json.dumps(event), flush=True)


def fail(summary: str, detail: str = "") -> int:
    diagnostic = {"severity": "error", "summary": summary, "detail": detail}
    say({"type": "diagnostic", "diagnostic": diagnostic})
    return 1


def about(kind: str, name: str) -> None:
    resource = {"addr": f"thing.{name}", "resource_type": "thing"}
    say({"type": kind, "hook": {"resource": resource, "action": "update"}})


def correct(wanted: dict[str, object], *, most: int = 1000) -> int:
    """Make the things of the plan live, or the first `most` of them."""
    cloud = Path(str(wanted["cloud"]))
    things = wanted["things"]
    assert isinstance(things, dict)
    for name in list(things)[:most]:
        about("apply_start", name)
        content = json.loads(cloud.read_text())
        content["things"][name] = things[name]
        partial = cloud.with_suffix(".partial")
        partial.write_text(json.dumps(content))
        partial.replace(cloud)
        about("apply_complete", name)
    say({"type": "change_summary", "changes": {"add": 0, "change": 1, "operation": "apply"}})
    return 0


def lock_held(_folder: Path, _wanted: dict[str, object]) -> int:
    held = "Lock Info:\n  ID:        1-2-3\n  Who:       ana@laptop\n"
    return fail("Error acquiring the state lock", held)


def stale_plan(_folder: Path, _wanted: dict[str, object]) -> int:
    return fail("Saved plan is stale", "The given plan file can no longer be applied")


def errored_state(folder: Path, wanted: dict[str, object]) -> int:
    correct(wanted)
    (folder / "errored.tfstate").write_text("{}")
    return fail("Failed to save state", "no space left on device")


def pending_create(_folder: Path, wanted: dict[str, object]) -> int:
    about("apply_start", "web")
    del wanted
    return fail("Plugin did not respond", "the plugin ended in the middle of a call")


def partial_apply(_folder: Path, wanted: dict[str, object]) -> int:
    correct(wanted, most=1)
    about("apply_start", "web")
    about("apply_errored", "web")
    return fail("quota exceeded", f"the password was {SECRET}")


def hang(folder: Path, _wanted: dict[str, object]) -> int:
    stopped: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: stopped.append(number))
    (folder / "hangs").write_text(str(os.getpid()))
    # It outlives a daemon that is killed; nobody may be there to stop it.
    limit = time.monotonic() + _HANGS_S
    while not stopped and time.monotonic() < limit:
        time.sleep(0.02)
    (folder / "hangs").unlink()
    return fail("execution halted", "it was interrupted")


def garbage(_folder: Path, wanted: dict[str, object]) -> int:
    for data in (b"\xff\xfe\x00garbage\n", b"[1, 2\n", b'{"type": 7}\n', b'{"torn": \n'):
        os.write(1, data)
    return correct(wanted)


def ends_well_with_an_error(_folder: Path, _wanted: dict[str, object]) -> int:
    fail("nothing was done", f"secret {SECRET}")
    return 0


def ends_badly_after_success(_folder: Path, wanted: dict[str, object]) -> int:
    correct(wanted)
    return fail("could not say goodbye")


def much_output(_folder: Path, wanted: dict[str, object]) -> int:
    block = f"{LINE}\n".encode() * 1024
    for _ in range(int(os.environ.get("TRUEUP_TEST_OUTPUT_MIB", "16"))):
        os.write(1, block)
    return correct(wanted)


FAULTS = {
    "lock held": lock_held,
    "stale plan": stale_plan,
    "errored.tfstate": errored_state,
    "pending create": pending_create,
    "partial apply": partial_apply,
    "hang": hang,
    "garbage JSON": garbage,
    "exit 0 with an error": ends_well_with_an_error,
    "exit 1 after success": ends_badly_after_success,
    "much output": much_output,
}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
