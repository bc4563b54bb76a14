"""Calls a method through `rpc gateway`: `call.py http://127.0.0.1:8080 "$TOKEN"`."""

import json
import sys
import urllib.error
import urllib.request

url, token = sys.argv[1:]


def call(method, *params, timeout_ms=10_000):
    """The method's result. An error of the call is raised with what the servers say of it."""
    request = urllib.request.Request(
        f"{url}/call/{method}",
        json.dumps(params).encode(),
        {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Rpc-Timeout-Ms": str(timeout_ms),
        },
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        raise RuntimeError(f"{problem['name']}: {problem['detail']}") from error


print(call("fib", 20))
try:
    call("fib", "many")
except RuntimeError as error:
    print(error)
