"""Runs one script within its limits; it is the command that the runner starts for a script.

Executed as a script: `python -I -S script_launcher.py run SPEC`, where SPEC is a JSON file:
`{"program", "sha256", "input", "directory", "seconds", "output", "isolated", "network",
"unshare", "memory", "processes", "open_files", "file_size", "disk"}`. The environment is already
the script's own.
Each line of its output goes to our standard output behind `script: `, up to `output` bytes in all,
and what we have to say behind `script: trueup: `. A carriage return ends a line as well, and the
last line gets an end. So no line can pass for one of a tool. We end
with its exit code, 124 when it was stopped at a limit, 126 when it could not be started as it was
approved, 130 when we were asked to stop, and 128 + N after signal N.

`script_launcher.py enter SPEC` is what runs inside of the namespaces: it sets the limits, looks
once more whether the program is the approved one, and becomes it. Nothing here takes a shell.

The standard library alone; what else there is of trueup is not in reach of a script's process.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Final

TIMED_OUT: Final = 124
NOT_STARTED: Final = 126
INTERRUPTED: Final = 130
PREFIX: Final = b"script: "
IN_NAMESPACES: Final = ("--user", "--map-current-user", "--pid", "--fork", "--kill-child")
_BY_SIGNAL: Final = 128
_LOOK_EVERY_S: Final = 0.25
_CHUNK: Final = 1 << 16
_MOST_FILES: Final = 10_000
_BLOCK: Final = 512
_PR_SET_PDEATHSIG: Final = 1
_BUSY_ATTEMPTS: Final = 50
_BUSY_PAUSE_S: Final = 0.02


def main(arguments: list[str]) -> int:
    """Run the script of SPEC, or become it."""
    verb, spec_file = arguments
    spec = json.loads(Path(spec_file).read_bytes())
    if verb == "enter":
        return _enter(spec)
    # A killed runner leaves no record of the end, and what is begun then must not meet the script.
    _die_with_parent()
    return _Run(spec, spec_file).to_its_end()


class _Run:
    """One script, watched until it and all it started are gone."""

    def __init__(self, spec: dict[str, Any], spec_file: str) -> None:
        self._spec = spec
        self._left = int(spec["output"])
        self._cut = False
        self._line_begins = True
        self._stopped = False
        self._ends_at = time.monotonic() + float(spec["seconds"])
        around = [spec["unshare"], *IN_NAMESPACES, *(() if spec["network"] else ("--net",)), "--"]
        enter = [sys.executable, "-I", "-S", __file__, "enter", spec_file]
        self._argv = [*around, *enter] if spec["isolated"] else enter

    def to_its_end(self) -> int:
        """Return the exit code that says how it ended."""
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        try:
            child = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - there is one thread
            )
        except OSError as error:
            return self._say(NOT_STARTED, f"it could not be started: {error.strerror}")
        assert child.stdout is not None  # noqa: S101 - piped
        reason = self._watch(child, child.stdout)
        _kill(child)
        code = child.wait()
        self._drain(child.stdout)
        self._end_line()
        if self._cut:
            self._say(0, f"output beyond {self._spec['output']} bytes was left out")
        if self._stopped:
            return self._say(INTERRUPTED, "stopped on request")
        if reason is not None:
            return self._say(TIMED_OUT, f"stopped: {reason}")
        return code if code >= 0 else _BY_SIGNAL - code

    def _stop(self, *_: object) -> None:
        self._stopped = True

    def _watch(self, child: subprocess.Popen[bytes], output: IO[bytes]) -> str | None:
        """Pass its output on until it has ended; return why it has to be ended before."""
        os.set_blocking(output.fileno(), False)
        looks_at = 0.0
        with selectors.DefaultSelector() as ready:
            ready.register(output, selectors.EVENT_READ)
            while child.poll() is None and not self._stopped:
                for _ in ready.select(_LOOK_EVERY_S):
                    if self._pass_on(output) == 0:
                        ready.unregister(output)
                if not ready.get_map():
                    time.sleep(_LOOK_EVERY_S / 5)
                if time.monotonic() >= self._ends_at:
                    return f"it ran longer than {self._spec['seconds']:g} s"
                if time.monotonic() >= looks_at:
                    began = time.monotonic()
                    if (full := self._too_much()) is not None:
                        return full
                    # Looking through many files must not take more than a tenth of the time.
                    looks_at = time.monotonic() + max(_LOOK_EVERY_S, 9 * (time.monotonic() - began))
                if self._spec["isolated"] and _members(child.pid) > self._spec["processes"]:
                    return f"it had more than {self._spec['processes']} processes"
        return None

    def _too_much(self) -> str | None:
        """Return why what it wrote into its working directory is too much."""
        most = int(self._spec["disk"])
        taken, files = _taken(Path(self._spec["directory"]), most=most)
        if taken > most:
            return f"its working directory took more than {most} bytes"
        return f"it made more than {_MOST_FILES} files" if files > _MOST_FILES else None

    def _drain(self, output: IO[bytes]) -> None:
        # Without namespaces something it left behind may hold the pipe open: never wait for that.
        while self._pass_on(output):
            pass

    def _pass_on(self, output: IO[bytes]) -> int:
        """Copy what is there; return how much it was, 0 when there is nothing, or nothing more."""
        try:
            chunk = os.read(output.fileno(), _CHUNK)
        except BlockingIOError:
            return 0
        kept = chunk[: self._left]
        self._left -= len(kept)
        self._cut = self._cut or len(kept) < len(chunk)
        self._write(kept)
        return len(chunk)

    def _write(self, text: bytes) -> None:
        if not text:
            return
        text = text.replace(b"\r", b"\n")
        begin = PREFIX if self._line_begins else b""
        self._line_begins = text.endswith(b"\n")
        _write(begin + text[:-1].replace(b"\n", b"\n" + PREFIX) + text[-1:])

    def _end_line(self) -> None:
        """Write the end that the last line lacks: without one nobody reads it."""
        if not self._line_begins:
            self._write(b"\n")

    def _say(self, code: int, text: str) -> int:
        self._write(f"trueup: {text}\n".encode())
        return code


def _enter(spec: dict[str, Any]) -> int:
    """Become the script; return only when that cannot be."""
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, spec["memory"]),
        (resource.RLIMIT_NOFILE, spec["open_files"]),
        (resource.RLIMIT_FSIZE, spec["file_size"]),
        # Elsewhere it would count what else this user runs.
        *(((resource.RLIMIT_NPROC, spec["processes"]),) if spec["isolated"] else ()),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
    os.umask(0o077)
    program = spec["program"]
    if hashlib.sha256(Path(program).read_bytes()).hexdigest() != spec["sha256"]:
        _write(b"trueup: the program is not the approved one\n")
        return NOT_STARTED
    given = os.open(spec["input"], os.O_RDONLY)
    os.dup2(given, 0)
    os.close(given)
    os.chdir(spec["directory"])
    # Python ignores SIGPIPE, `nohup` and a shell's `&` others, and what is ignored stays so:
    # `yes | head` would write on forever.
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for _ in range(_BUSY_ATTEMPTS):
        try:
            os.execve(program, [program], dict(os.environ))  # noqa: S606 - no shell is wanted
        except OSError as error:
            if error.errno != errno.ETXTBSY:
                _write(f"trueup: it could not be started: {error.strerror}\n".encode())
                return NOT_STARTED
            time.sleep(_BUSY_PAUSE_S)
    return NOT_STARTED


def _die_with_parent() -> None:
    """Have the kernel end this process when the one that started it is killed, where it can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the whole session; in namespaces the end of the first process ends every other."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _members(unshare: int) -> int:
    """Count the processes of the namespace below `unshare`; of root no limit of the kernel does."""
    try:
        space = Path(f"/proc/{unshare}/ns/pid_for_children").readlink()
        ours = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return 0
    if space == ours:  # it has not made the namespace yet: every process of the host would count
        return 0
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                count += (entry / "ns/pid").readlink() == space
    return count


def _taken(folder: Path, *, most: int) -> tuple[int, int]:
    """Return the bytes that the files below `folder` take on the disk, and how many they are.

    It looks no further once either is too much. What cannot be looked at counts as nothing.
    """
    taken, files, folders = 0, 0, [folder]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                files += 1
                with contextlib.suppress(OSError):
                    taken += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                if taken > most or files > _MOST_FILES:
                    return taken, files
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
    return taken, files


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
