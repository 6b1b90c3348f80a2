"""`python -m tests.bench.delay PORT MILLISECONDS`: a port whose requests reach PORT later.

Each piece a client sends is passed on after the delay, and answers at once: what a round trip
to a cloud costs, without one. Pieces do not wait for each other, so that a request sent in two
pieces is late once. Loopback only; a process of its own, as its work is not ours.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

_PIECE: Final = 1 << 16
_HOST: Final = "127.0.0.1"


@contextmanager
def delayed(endpoint: str, *, delay_s: float) -> Iterator[str]:
    """Give an address at which each request to `endpoint` takes `delay_s` longer."""
    port = urlsplit(endpoint).port
    command = [sys.executable, "-m", "tests.bench.delay", str(port), str(1000 * delay_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://{_HOST}:{process.stdout.readline().strip()}"
        finally:
            process.terminate()
            process.wait(30)


async def serve(port: int, *, delay_s: float) -> None:
    """Pass on what comes, late, until the process is ended; print the port when ready."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(_HOST, port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(reader, back, delay_s=delay_s))
                group.create_task(_pass_on(there, writer, delay_s=0))
        except* ConnectionError:
            pass  # a client that goes away is no failure
        finally:
            back.close()
            writer.close()

    server = await asyncio.start_server(connected, _HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _pass_on(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, *, delay_s: float
) -> None:
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not piece:
                target.write_eof()
                return
            target.write(piece)
            await target.drain()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver())
        piece = b"-"
        while piece:
            piece = await source.read(_PIECE)
            pieces.put_nowait((loop.time() + delay_s, piece))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(int(sys.argv[1]), delay_s=float(sys.argv[2]) / 1000))
