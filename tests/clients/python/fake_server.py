"""Servers that do what a test says, and the client under test."""

import json
import logging
import os
import socket
import sys
import threading
import time
from typing import Any, Callable, Dict, List, Optional
from unittest import mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "clients", "python"))
sys.dont_write_bytecode = True

import rpc_client  # noqa: E402

# What it warns of is what the tests provoke.
logging.getLogger("rpc_client").disabled = True

PATIENCE = 120.0
"""How long a test waits for what must come: far more than it needs."""

# A machine with much else to do takes longer for some calls than they are given as a rule.
for kind in (rpc_client.Client, rpc_client.AsyncClient):
    kind.__init__.__kwdefaults__["timeout"] = PATIENCE


class Peer:
    """One connection to a fake server."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.hears = threading.Event()
        self.hears.set()

    def send(self, *messages: Any) -> None:
        self.send_bytes(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    def send_bytes(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # The client has gone, as some tests want it to.

    def answer(self, request: Dict[str, Any], result: Any) -> None:
        self.send({"jsonrpc": "2.0", "id": request["id"], "result": result})

    def refuse(self, request: Dict[str, Any], code: int, **data: Any) -> None:
        error = {"code": code, "message": "refused", "data": data}
        self.send({"jsonrpc": "2.0", "id": request["id"], "error": error})

    def notify(self, method: str, params: Optional[Any] = None) -> None:
        message = {"jsonrpc": "2.0", "method": method}
        self.send(message if params is None else dict(message, params=params))

    def close(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # Gone already.
        self.socket.close()


def fails_soon() -> Any:
    """For a test in which there is no server, and will be none: a call says so after a moment."""
    return mock.patch.object(rpc_client, "UNAVAILABLE_AFTER", 0.2)


def until(condition: Callable[[], Any]) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("what was waited for did not come")
        time.sleep(0.005)


Handler = Callable[[Peer, Dict[str, Any]], None]


class FakeServer:
    """Answers pings and tells what is idempotent; every other message goes to a test's handler."""

    def __init__(self, handler: Handler, idempotent: List[str] = [], others: List[str] = []) -> None:
        self.handler = handler
        self.idempotent, self.others = idempotent, others
        self.messages: List[Dict[str, Any]] = []
        self.peers: List[Peer] = []
        self.answers_pings = True
        self.message_max: Optional[int] = None
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "FakeServer":
        return self

    def __exit__(self, *raised: Any) -> None:
        self.close()

    def close(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # Some systems have nothing to shut down there.
        self._listener.close()
        for peer in self.peers:
            peer.close()

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        """Waits until a condition over what this server was sent holds."""
        with self._changed:
            if not self._changed.wait_for(condition, PATIENCE):
                raise AssertionError(f"{what}, but there is {self.messages}")
            return condition()

    def heard(self, method: str, times: int = 1) -> List[Dict[str, Any]]:
        """The messages for a method, once there are so many."""

        def found() -> Any:
            some = [message for message in self.messages if message.get("method") == method]
            return some if len(some) >= times else None

        return self.wait_for(found, f"{times} messages {method} were expected")

    def count(self, method: str) -> int:
        return sum(message.get("method") == method for message in self.messages)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            peer = Peer(connection)
            self.peers.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: Peer) -> None:
        try:
            with peer.socket.makefile("rb") as lines:
                for line in lines:
                    self._take(peer, json.loads(line))
                    peer.hears.wait()
        except (OSError, ValueError):
            pass  # The test has ended, or closed it.

    def _take(self, peer: Peer, message: Dict[str, Any]) -> None:
        method = message["method"]
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()
        if method == "rpc.ping":
            if self.answers_pings:
                peer.answer(message, "pong")
        elif method == "rpc.discover":
            methods = [{"name": name, "x-idempotent": True} for name in self.idempotent]
            methods += [{"name": name} for name in self.others]
            info = {} if self.message_max is None else {"x-message-max": self.message_max}
            peer.answer(message, {"openrpc": "1.3.2", "info": info, "methods": methods})
        else:
            self.handler(peer, message)


def static(*servers: FakeServer) -> str:
    """The registry that lists these."""
    return "static:" + ",".join(server.address for server in servers)


def echo(peer: Peer, request: Dict[str, Any]) -> None:
    """Answers with the parameters."""
    if "id" in request:
        peer.answer(request, request.get("params"))
