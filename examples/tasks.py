"""A worker in Python, see docs/WORKERS.md: rpc serve 127.0.0.1 0 --exec "python3 examples/tasks.py" """
import inspect, json, signal, sys, traceback

def count_words(text):
    """Counts the words of a text."""
    return len(text.split())

def primes(below, first=2):
    """The primes below a number, by trial division: it is there to burn CPU."""
    return [n for n in range(first, below) if all(n % d for d in range(2, int(n**0.5) + 1))]

procedures = {"count_words": count_words, "primes": primes}

def describe(name, procedure):
    params = inspect.signature(procedure).parameters.values()
    params = [{"name": p.name, "required": p.default is p.empty, "schema": {}} for p in params]
    return {"name": name, "summary": procedure.__doc__, "params": params, "x-idempotent": True}

def answer(method, params):
    if method == "rpc.discover":
        methods = [describe(*item) for item in procedures.items()]
        return {"result": {"openrpc": "1.3.2", "info": {"title": "tasks", "version": "1"}, "methods": methods}}
    if method == "rpc.ping":
        return {"result": "pong"}
    args, named = ((), params) if isinstance(params, dict) else (params, {})
    try:
        inspect.signature(procedures[method]).bind(*args, **named)
    except TypeError as error:
        return {"error": {"code": -32602, "message": f"Cannot call {method}: {error}"}}
    try:
        result = procedures[method](*args, **named)
        json.dumps(result, allow_nan=False)  # What JSON cannot express is this call's error.
        return {"result": result}
    except Exception as error:
        traceback.print_exc()
        return {"error": {"code": -32603, "message": f"{method} failed: {error}"}}

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which lets calls end first.
answers, sys.stdout = open(1, "w", encoding="utf-8", newline="\n"), sys.stderr  # Prints go to the log.
for line in open(0, encoding="utf-8"):
    request = json.loads(line)
    if "id" in request:
        outcome = answer(request["method"], request.get("params", []))
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **outcome}), file=answers, flush=True)
