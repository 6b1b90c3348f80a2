"""Files of other people, read within limits: regular ones, of bounded size, in bounded time.

`read_bytes` and `read_text` refuse what would block or fill the memory. A hung network mount
blocks even the look at a file, so whatever touches a stack's directory runs by `apart`, off the
event loop, in a thread of its own that nobody waits for at the end.
"""

from __future__ import annotations

import asyncio
import errno
import io
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Final, TypeVar

from reconciler.domain.errors import PermanentError, RetryableError

T = TypeVar("T")
MOST_BYTES: Final = 64 * 2**20
"""More than any code, lock file or file of variables; a state has a limit of its own."""
WITHIN_S: Final = 60.0
_MOST_IDLE: Final = 4
_MIB: Final = 2**20
_CHUNK_BYTES: Final = 4096
_KINDS: Final = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISFIFO, "named pipe"),
    (stat.S_ISSOCK, "socket"),
)


class UnfitFileError(OSError):
    """It is there and is not read: not a regular file, or too large. `strerror` says which."""


def read_bytes(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """Return the content of the regular file `path`.

    Raises:
        UnfitFileError: it is a pipe, a device, a directory, or larger than `most` bytes.
        OSError: it cannot be read.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise _too_large(path, most)
        # Read no further than allowed: a file may grow, and those of /proc have no size.
        content = _read_up_to(stream, most + 1, at_once=size + _CHUNK_BYTES)
    if len(content) > most:
        raise _too_large(path, most)
    return content


def read_text(
    path: Path, *, most: int = MOST_BYTES, encoding: str = "utf-8", errors: str = "strict"
) -> str:
    """Return the text of the regular file `path`; see `read_bytes`.

    Raises:
        UnicodeDecodeError: it is no such text.
    """
    return read_bytes(path, most=most).decode(encoding, errors)


def open_regular(path: Path) -> io.FileIO:
    """Open the regular file `path` for reading; a pipe without a writer does not block.

    Raises:
        UnfitFileError: it is anything else.
        OSError: it cannot be opened.
    """
    _Errand.now_at(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        refuse_irregular(descriptor, path)
    except OSError:
        os.close(descriptor)
        raise
    return io.FileIO(descriptor)


def refuse_irregular(descriptor: int, path: Path) -> None:
    """Return when `descriptor`, opened at `path`, is a regular file.

    Raises:
        UnfitFileError: it is anything else.
    """
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        kind = next((word for test, word in _KINDS if test(mode)), "device")
        raise UnfitFileError(errno.EINVAL, f"is a {kind}, not a regular file", str(path))


def status_of(path: Path) -> os.stat_result:
    """Return what the file system says of the file `path`; raises OSError."""
    _Errand.now_at(path)
    return path.stat()


def names_in(directory: Path) -> frozenset[str]:
    """Return the names of what lies in `directory`.

    Raises:
        OSError: it is not there, is no directory, or may not be listed.
    """
    _Errand.now_at(directory)
    return frozenset(entry.name for entry in directory.iterdir())


async def apart(work: Callable[[], T], *, place: Path, within_s: float = WITHIN_S) -> T:
    """Return what `work` returns, run off the event loop on the files of `place`.

    A thread that is still stuck when the time is over is left alone; while it is, nothing
    else is begun at the same `place`, so that there is never more than one for each.

    Raises:
        RetryableError: there was no answer in time; the message names the file.
        PermanentError: `work` ended with an OSError; the message names the file.
    """
    errand = _Errand(place, asyncio.get_running_loop())
    errand.refuse_behind_another()
    answer: asyncio.Future[T] = errand.start(work)
    limit = asyncio.timeout(within_s)
    try:
        async with limit:
            return await answer
    except OSError as error:  # a TimeoutError is one, whoever raised it
        if not limit.expired():
            raise named(error, place) from error
        if not answer.cancelled():
            # The event loop was late, not the file system: after a suspend both are due at once.
            return _answered(answer, place)
        raise RetryableError(
            f"{errand.at}: no answer within {within_s:.0f} s: the file system hangs, or this"
            " machine is too busy",
            remedy=_HUNG,
        ) from error
    finally:
        if answer.cancelled():
            errand.leave()


def _answered(answer: asyncio.Future[T], place: Path) -> T:
    try:
        return answer.result()
    except OSError as error:
        raise named(error, place) from error


def named(error: OSError, place: Path) -> PermanentError:
    """Return `error` as one that names its file, and says what to do about it."""
    path = error.filename if isinstance(error.filename, str) else str(place)
    reason = error.strerror or type(error).__name__
    return PermanentError(f"{path}: {reason}", remedy=_remedy(error))


_HUNG: Final = (
    "check the file system it is on, where a mount that hangs blocks whoever reads it,"
    " and the load of this machine"
)
_REMEDIES: Final = {
    errno.EACCES: "give the user that runs trueup the right to read it and to enter its folders",
    errno.EPERM: "give the user that runs trueup the right to read it and to enter its folders",
    errno.ENOENT: "restore it, or correct the stack's directory",
    errno.ENOTDIR: "restore the directory, or correct the stack's directory",
    errno.ELOOP: "replace the symbolic link that leads back to itself",
}


def _remedy(error: OSError) -> str:
    if isinstance(error, UnfitFileError):
        return "put a regular file of usual size in its place"
    return _REMEDIES.get(error.errno or 0, "check the file and the file system it is on")


def _read_up_to(stream: io.FileIO, most: int, *, at_once: int) -> bytes:
    parts = []
    while most > 0 and (part := stream.read(min(most, at_once))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def _too_large(path: Path, most: int) -> UnfitFileError:
    limit = f"{most // _MIB} MiB" if most >= _MIB else f"{most} bytes"
    return UnfitFileError(errno.EFBIG, f"is larger than {limit}", str(path))


class _Errand:
    """One piece of work in a thread of its own, and which file it is at."""

    _mine: Final = threading.local()
    _left: Final[dict[Path, _Errand]] = {}

    def __init__(self, place: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.at = place
        self._place = place
        self._loop = loop
        self._over = False

    @classmethod
    def now_at(cls, path: Path) -> None:
        """Note which file this thread is about to touch."""
        errand: _Errand | None = getattr(cls._mine, "errand", None)
        if errand is not None:
            errand.at = path

    def refuse_behind_another(self) -> None:
        earlier = self._left.get(self._place)
        if earlier is None:
            return
        if not earlier._over:  # noqa: SLF001 - of its own kind
            raise RetryableError(
                f"{earlier.at}: an earlier read has had no answer yet",
                remedy=_HUNG,
            )
        del self._left[self._place]

    def start(self, work: Callable[[], T]) -> asyncio.Future[T]:
        answer: asyncio.Future[T] = self._loop.create_future()

        def deliver(give: Callable[[], None]) -> None:
            if not answer.done():
                give()

        def run() -> None:
            self._mine.errand = self
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - the loop raises it again
                failure = error
                self._hand_over(lambda: deliver(lambda: answer.set_exception(failure)))
            else:
                self._hand_over(lambda: deliver(lambda: answer.set_result(result)))
            finally:
                self._over = True
                self._mine.errand = None

        _run_in_thread(run)
        return answer

    def leave(self) -> None:
        self._left[self._place] = self

    def _hand_over(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            return  # the loop has ended, and with it whoever asked


_Work = Callable[[], None]
_idle: Final[list[SimpleQueue[_Work]]] = []
"""What the threads that have ended their work wait for, the last one last."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a fork has none of these threads


def _run_in_thread(work: _Work) -> None:
    """Run `work` in a thread that does nothing else until then.

    A daemon thread: one that is stuck must not hold up the end of the process. The one that
    worked last is taken again: to start one costs the loop a third of a warm load.
    """
    try:
        _idle.pop().put(work)
    except IndexError:
        threading.Thread(target=_work_on, args=(work,), name="files", daemon=True).start()


def _work_on(work: _Work) -> None:
    tasks: SimpleQueue[_Work] = SimpleQueue()
    while True:
        work()
        if len(_idle) >= _MOST_IDLE:
            return
        _idle.append(tasks)
        work = tasks.get()
