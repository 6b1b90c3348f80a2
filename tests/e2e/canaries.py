"""Secrets of a test's own, and the search for them in whatever a daemon leaves and says."""

from __future__ import annotations

import base64
import random
import string
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import psutil

_SEALED: Final = (".sealed", ".recording", ".evaluation", ".baseline")
_SAMPLE_EVERY_S: Final = 0.05


@dataclass(slots=True)
class Canaries:
    """One secret per place; `values` by the kind of place it is planted in."""

    rng: random.Random = field(default_factory=lambda: random.Random(4711))
    values: dict[str, str] = field(default_factory=dict)

    def word(self, kind: str) -> str:
        """Return a new secret that looks like any word: only its place tells what it is."""
        return self._keep(kind, "".join(self.rng.choices(string.ascii_lowercase, k=18)))

    def key(self, kind: str) -> str:
        """Return a new secret that looks like what it is."""
        characters = string.ascii_letters + string.digits
        return self._keep(kind, "Cn7" + "".join(self.rng.choices(characters, k=21)) + "q4")

    def _keep(self, kind: str, value: str) -> str:
        assert kind not in self.values
        self.values[kind] = value
        return value

    def found_in(self, where: str, data: bytes) -> Iterator[str]:
        """Yield what of them stands in `data`, and in which form."""
        for kind, value in self.values.items():
            for form, needle in forms(value).items():
                if needle in data:
                    at = data.index(needle)
                    around = data[max(0, at - 60) : at + len(needle) + 20]
                    yield f"{kind} ({form}) in {where}: {around!r}"


def forms(value: str) -> dict[str, bytes]:
    """Return the forms that a secret is looked for in, each as it stands within other text."""
    data = value.encode()
    found = {"clear": data, "hex": data.hex().encode(), "HEX": data.hex().upper().encode()}
    found["url"] = quote(value, safe="").encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        found[f"base64+{before}"] = encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
    return found


def files_below(*folders: Path) -> Iterator[Path]:
    """Yield every file that is not encrypted as a whole."""
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix not in _SEALED:
                yield file


class CommandLines:
    """Notes the command lines of all processes below this one, as long as it is open."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        me = psutil.Process()
        while not self._over.is_set():
            for child in me.children(recursive=True):
                try:
                    self.seen.add("\0".join(child.cmdline()))
                except psutil.Error:
                    continue
            time.sleep(_SAMPLE_EVERY_S)
