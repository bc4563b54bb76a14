"""Its client: a thread a connection, one call at a time on each, since the protocol has no more."""

import json
import socket
import sys
import threading
import time

load = json.loads(sys.argv[1])
counts = [0] * load["connections"]
latencies = []
state = {"running": True, "open": False}


def lane(index):
    with socket.create_connection(("127.0.0.1", load["port"])) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        while state["running"]:
            started_at = time.perf_counter()
            call = counts[index]
            body = json.dumps({"id": call, "method": "ping", "params": [call]}).encode()
            connection.sendall(len(body).to_bytes(4, "big") + body)
            answer = json.loads(stream.read(int.from_bytes(stream.read(4), "big")))
            if answer["result"] != call:
                raise ValueError(answer)
            counts[index] += 1
            if load["latencies"] and state["open"]:
                latencies.append((time.perf_counter() - started_at) * 1000)


def quantile(share):
    return latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else 0


threads = [threading.Thread(target=lane, args=(i,)) for i in range(load["connections"])]
for thread in threads:
    thread.start()
while not any(counts):
    time.sleep(0.001)
time.sleep(load["warmupMs"] / 1000)
state["open"] = True
before, started_at = sum(counts), time.perf_counter()
time.sleep(load["durationMs"] / 1000)
calls, seconds = sum(counts) - before, time.perf_counter() - started_at
state["running"] = False
for thread in threads:
    thread.join()
latencies.sort()
print(json.dumps({
    "calls": calls,
    "seconds": seconds,
    "p50Ms": quantile(0.5),
    "p99Ms": quantile(0.99),
}))
