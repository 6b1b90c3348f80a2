"""No secret that the demo made may stand anywhere in clear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from demo.narration import Narrator, StepError
from demo.stage import Stage


def check_secrets(stage: Stage, secrets: Iterable[str], narrator: Narrator) -> None:
    """Look for every secret, old and new, in all that trueup printed and keeps.

    Raises:
        StepError: one stands there in clear.
    """
    with narrator.step("Look for the secrets in all that trueup printed and keeps"):
        printed = "\n".join(stage.printed).encode()
        kept = list(_kept(stage))
        for secret in (secret.encode() for secret in secrets):
            if secret in printed:
                raise StepError("a secret was printed in clear")
            for path in kept:
                if secret in path.read_bytes():
                    raise StepError(f"{path.name} holds a secret in clear")
        narrator.say(f"not in {len(printed)} bytes printed, nor in {len(kept)} files kept")


def _kept(stage: Stage) -> Iterator[Path]:
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        folder = Path(stage.environment[f"XDG_{name}_HOME"])
        yield from (path for path in folder.rglob("*") if path.is_file())
