"""An engine whose work comes in the order of the test alone, and on no disk where that can be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch

from reconciler import bounded_files

_IN_MEMORY: Final = Path("/dev/shm")


class Inline(ThreadPoolExecutor):
    """Runs what it is given at once: no thread, so no order but that of the test."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            done.set_exception(error)
        return done


@contextmanager
def without_threads() -> Iterator[None]:
    """Run at once what the running loop would have done by threads."""
    asyncio.get_running_loop().set_default_executor(Inline())
    with patch.object(bounded_files, "_run_in_thread", lambda work: work()):
        yield


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Give an empty folder: in memory where the system has one that can be written."""
    try:
        folder = TemporaryDirectory(dir=_IN_MEMORY)
    except OSError:
        folder = TemporaryDirectory()
    with folder as name:
        yield Path(name)
