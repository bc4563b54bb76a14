"""The adapter as the server starts it, on a file of a test's own."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from typing import Any, Dict, List

ADAPTER = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..", "src", "workers", "python"
)

START = """
import os, sys, types
for name in ("rpc_values", "rpc_models", "rpc_hints", "rpc_procedures", "rpc_worker"):
    with open(os.path.join(sys.argv[2], name + ".py"), encoding="utf-8") as file:
        text = file.read()
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, "<rpc>/" + name + ".py", "exec"), module.__dict__)
sys.modules["rpc_worker"].main(sys.argv[1])
"""

class Failed(Exception):
    """An answer that is an error."""

    def __init__(self, error: Dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code, self.message, self.data = error["code"], error["message"], error.get("data", {})


class Worker:
    """A worker process, and the server's ends of its pipes."""

    def __init__(self, text: str) -> None:
        self._directory = tempfile.TemporaryDirectory()
        path = os.path.join(self._directory.name, "tasks.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        self._log = open(os.path.join(self._directory.name, "log"), "ab")
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-c", START, path, ADAPTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._number = 0
        try:
            self.document = self.call("rpc.discover")
        except BaseException:
            self.close()
            raise
        self.methods = {method["name"]: method for method in self.document["methods"]}

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *raised: Any) -> None:
        self.close()

    def send(self, method: str, params: Any = None, meta: Any = None, number: Any = None) -> None:
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params, "meta": meta}
        line = json.dumps({name: value for name, value in request.items() if value is not None})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def read(self) -> Dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise EOFError(f"the worker ended: {self.log()}")
        return json.loads(line)

    def call(self, method: str, *params: Any, meta: Any = None, named: Any = None) -> Any:
        self._number += 1
        self.send(method, named if named is not None else list(params), meta, self._number)
        answer = self.read()
        if answer.get("id") != self._number:
            raise AssertionError(f"another message than the answer: {answer}")
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["result"]

    def items(self, method: str, *params: Any, credit: int) -> List[Any]:
        """A stream, granted one item more for each that comes."""
        self._number += 1
        self.send(method, list(params), {"stream": credit}, self._number)
        items: List[Any] = []
        while True:
            message = self.read()
            if "id" in message:
                if "error" in message:
                    raise Failed(message["error"])
                if message["result"] != len(items):
                    raise AssertionError(f"{message['result']} items are told of, and {items} came")
                return items
            items += message["params"]["items"]
            self.send("rpc.more", {"id": self._number, "n": 1})

    def log(self) -> str:
        with open(self._log.name, encoding="utf-8") as log:
            return log.read()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(120)
        self._process.stdout.close()
        self._log.close()
        self._directory.cleanup()
