"""fib by Python: "loop <JSON>" computes it over and over, "pool <JSON>" has a ProcessPoolExecutor do so.

The pool has two calls under way for each of its workers.
"""

import json
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor

load = json.loads(sys.argv[2])
state = {"running": True, "calls": 0}
lock = threading.Lock()


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def check(answer):
    if answer != load["answer"]:
        raise ValueError(answer)
    with lock:
        state["calls"] += 1


def loop():
    while state["running"]:
        check(fibonacci(load["n"]))


def lane(pool):
    while state["running"]:
        check(pool.submit(fibonacci, load["n"]).result())


def measure():
    while state["calls"] == 0:
        time.sleep(0.001)
    time.sleep(load["warmupMs"] / 1000)
    before, started_at = state["calls"], time.perf_counter()
    time.sleep(load["durationMs"] / 1000)
    calls, seconds = state["calls"] - before, time.perf_counter() - started_at
    state["running"] = False
    print(json.dumps({"calls": calls, "seconds": seconds, "p50Ms": 0, "p99Ms": 0}))


if __name__ == "__main__":
    if sys.argv[1] == "loop":
        threads = [threading.Thread(target=loop)]
        pool = None
    else:
        pool = ProcessPoolExecutor(load["workers"])
        threads = [threading.Thread(target=lane, args=(pool,)) for _ in range(2 * load["workers"])]
    for thread in threads:
        thread.start()
    measure()
    for thread in threads:
        thread.join()
    if pool is not None:
        pool.shutdown()
