"""A server as one writes it first: a thread a connection, each blocking on one call at a time.

A message is its length, four bytes big-endian, and then JSON.
"""

import json
import socket
import threading


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            return None
        data += part
    return data


def serve(connection):
    with connection:
        while (header := read_exactly(connection, 4)) is not None:
            body = read_exactly(connection, int.from_bytes(header, "big"))
            if body is None:
                return
            request = json.loads(body)
            result = procedures[request["method"]](*request["params"])
            answer = json.dumps({"id": request["id"], "result": result}).encode()
            connection.sendall(len(answer).to_bytes(4, "big") + answer)


procedures = {"ping": lambda index: index}

with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
    print(f"ready {listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
