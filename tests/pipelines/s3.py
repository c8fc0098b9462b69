"""An S3 server on the loopback, and a line to it that can be cut."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.processes import free_port

LOGIN = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED",
    "AWS_MAX_ATTEMPTS": "1",  # botocore tries again by itself
}
CHUNK = 4096
RESET = struct.pack("ii", 1, 0)  # linger for no time: closing sends a reset, as a line that breaks does


class Line:
    """A TCP proxy on a port of its own in front of another; after `budget` bytes towards it, every connection is reset."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.budget: int | None = None  # bytes that still come through, None for any number
        self.cuts = 0  # connections that were reset
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            back = threading.Thread(target=self._pass_on, args=(server, client, False), daemon=True)
            back.start()
            self._pass_on(client, server, True)
            back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if counted and not self._takes(len(data)):
                    for end in (source, target):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                        end.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _takes(self, size: int) -> bool:
        with self._lock:
            if self.budget is None:
                return True
            self.budget -= size
            self.cuts += self.budget < 0
            return self.budget >= 0


@contextmanager
def served() -> Iterator[int]:
    """Run moto's server in this process for the time of the block; yield its port."""
    from moto.server import ThreadedMotoServer

    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        yield port
    finally:
        server.stop()
