"""A receiver that never ends what it says, and never pauses long enough to be given up for it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HTTP = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n"
SMTP = b"220-"


@contextmanager
def dripping(greeting: bytes) -> Iterator[int]:
    """Give the port of one that begins with `greeting` and goes on, a byte now and then."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.sendall(greeting)
                while not over.wait(0.02):
                    self.request.sendall(b"x")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            over.set()
            server.shutdown()
            thread.join()
