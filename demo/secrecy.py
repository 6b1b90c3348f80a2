"""No secret that the demo made may be readable anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from demo.narration import Narrator, StepError
from demo.stage import Stage


def check_secrets(stage: Stage, secrets: Iterable[str], narrator: Narrator) -> None:
    """Look for every secret, old and new, in all that trueup printed and keeps.

    Raises:
        StepError: one is readable there.
    """
    with narrator.step("Look for the secrets in all that trueup printed and keeps"):
        printed = "\n".join(stage.printed).encode()
        kept = list(_kept(stage))
        wanted = [secret.encode() for secret in secrets]
        if any(secret in printed for secret in wanted):
            raise StepError("a secret was printed")
        for path in kept:  # each is read once: the cached schemas are large
            content = path.read_bytes()
            if any(secret in content for secret in wanted):
                raise StepError(f"{path.name} holds a readable secret")
        narrator.say(f"not in {len(printed)} bytes printed, nor in {len(kept)} files kept")


def _kept(stage: Stage) -> Iterator[Path]:
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        folder = Path(stage.environment[f"XDG_{name}_HOME"])
        yield from (path for path in folder.rglob("*") if path.is_file())
