"""Serves the functions of a user's file as a worker of `rpc serve` (docs/WORKERS.md)."""

import asyncio
import builtins
import contextvars
import importlib
import io
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
import types
from typing import Any, Callable, Dict, Iterator, List, Optional

from rpc_procedures import InvalidParams, Procedure, caller_of_call, procedures_of, public_module
from rpc_values import MESSAGE_BYTES_MAX, Sends, Unfit, check_numbers, read, said, write

INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

STACK_LINES_MAX = 20
"""Lines of a traceback that are logged."""

REPORT_LENGTH_MAX = 8_000
"""Characters of a line by which a failure is told: the server logs no longer ones."""

OWN_FILES = ("<rpc>", "<frozen importlib")
"""Where the frames of a traceback come from that tell a user nothing."""

ISSUES_MAX = 20
"""What is said of one call's parameters: the first of them tell enough."""

TEXT_LENGTH_MAX = 16_384
"""Of an error's message, so that it fits a message with all else."""

GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())
"""The class of exceptions that hold others, which Python has since 3.11."""

GROUP_TOLD_MAX = 3
"""Exceptions of a group that are told: its own text has only their number."""

STUCK_THREADS_MAX = 64
"""Calls in threads that nobody waits for any more, past which this process has itself be replaced."""


class Wire:
    """The two pipes to the server, away from stdin and stdout, which are anybody's."""

    def __init__(self) -> None:
        self._input, self._output = os.dup(0), os.dup(1)
        if sys.platform == "win32":
            import msvcrt

            msvcrt.setmode(self._input, os.O_BINARY)
            msvcrt.setmode(self._output, os.O_BINARY)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._is_copy = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._leave_to_parent)

    def _leave_to_parent(self) -> None:
        """In a copy of this process, made by fork: the pipes stay the worker's, and signals count again."""
        self._is_copy = True
        os.close(self._input)
        os.close(self._output)
        for number in signals_left_to_server():
            if signal.getsignal(number) is ignore:
                is_interrupt = number == signal.SIGINT
                signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)

    def lines(self) -> Iterator[bytes]:
        """The server's lines, until it lets go of this worker."""
        with os.fdopen(self._input, "rb", closefd=False) as source:
            yield from source

    def send(self, text: str) -> None:
        """Writes one line, whole."""
        if self._is_copy:
            flush_prints()
            os._exit(0)
        data = memoryview(text.encode("utf-8", "replace") + b"\n")
        try:
            with self._lock:
                while data:
                    data = data[os.write(self._output, data) :]
        except OSError:
            # The server has gone, or a function has closed what is not its own: there is nobody to tell.
            flush_prints()
            os._exit(1)

    def answer(self, number: int, result: str) -> None:
        """Answers with a result in JSON."""
        self.send(f'{{"jsonrpc":"2.0","id":{number},"result":{result}}}')

    def refuse(self, number: int, code: int, message: str, data: Dict[str, Any]) -> None:
        """Answers with an error."""
        error = {"code": code, "message": clean(message[:TEXT_LENGTH_MAX]), "data": data}
        self.send(f'{{"jsonrpc":"2.0","id":{number},"error":{write(error)}}}')

    def item(self, number: int, items: str) -> None:
        """Sends items of a stream, as a JSON array."""
        self.send(f'{{"jsonrpc":"2.0","method":"rpc.item","params":{{"id":{number},"items":{items}}}}}')


class Call:
    """A call under way. If it asked for a stream, it has credit: how many items it may still send."""

    def __init__(self, number: int, procedure: Procedure, params: Any, meta: Dict[str, Any]) -> None:
        self.number, self.procedure, self.params = number, procedure, params
        self.caller: Optional[str] = meta.get("caller")
        self.asks_for_stream = procedure.is_stream and "stream" in meta
        self.is_cancelled = False
        # Its generator cleans up, which may take awaiting, and is not to be interrupted.
        self.is_cleaning_up = False
        self._credit: int = meta.get("stream", 0)
        self._changed = threading.Condition()
        self._wake: Callable[[], None] = lambda: None
        self.stop: Callable[[], None] = lambda: None

    def grant(self, more: int) -> None:
        with self._changed:
            self._credit += more
            self._changed.notify_all()
            self._wake()

    def cancel(self) -> None:
        with self._changed:
            self.is_cancelled = True
            self._changed.notify_all()
            self._wake()
        self.stop()

    def _take(self) -> Optional[bool]:
        """`None`: there is no credit yet."""
        if self.is_cancelled:
            return False
        if self._credit == 0:
            return None
        self._credit -= 1
        return True

    def may_send(self) -> bool:
        """Waits for credit, and takes one; `False`: nobody wants more."""
        with self._changed:
            while True:
                taken = self._take()
                if taken is not None:
                    return taken
                self._changed.wait()

    async def may_send_async(self) -> bool:
        """The same, on the event loop."""
        loop = asyncio.get_running_loop()
        while True:
            with self._changed:
                taken = self._take()
                if taken is not None:
                    return taken
                event = asyncio.Event()
                self._wake = lambda: void(loop.call_soon_threadsafe(event.set))
            await event.wait()


class Worker:
    """Runs calls: `cpu` ones on the main thread, async ones on one event loop, other `io` ones in threads."""

    def __init__(self, wire: Wire, loop: asyncio.AbstractEventLoop) -> None:
        self._wire, self._loop = wire, loop
        self._procedures: Dict[str, Procedure] = {}
        self._requests: "queue.SimpleQueue[Dict[str, Any]]" = queue.SimpleQueue()
        self._calls: Dict[int, Call] = {}
        self._is_loop_running = False
        self._threads: List[Call] = []
        threading.Thread(target=self._read, name="rpc reader", daemon=True).start()

    def _read(self) -> None:
        """Sorts what comes, also while a function computes."""
        try:
            for line in self._wire.lines():
                request = read(line)
                method, params = request.get("method"), request.get("params")
                if method == "rpc.ping":
                    self._pong(request["id"])
                elif method in ("rpc.cancel", "rpc.more"):
                    call = self._calls.get(params["id"])
                    if call is not None:
                        call.cancel() if method == "rpc.cancel" else call.grant(params["n"])
                elif "id" in request:
                    if method in self._procedures:
                        call = Call(request["id"], self._procedures[method], params, request.get("meta") or {})
                        # Known before it begins: what it is granted may come before that.
                        self._calls[call.number] = call
                        request["call"] = call
                    self._requests.put(request)
        except OSError:
            # A function has closed what is not its own: what was read before is still answered.
            while self._calls or not self._requests.empty():
                time.sleep(0.01)
        except BaseException:
            traceback.print_exc()
        finally:
            # The server is gone, or speaks another language.
            flush_prints()
            os._exit(0)

    def _pong(self, number: int) -> None:
        if sum(call.is_cancelled for call in list(self._threads)) >= STUCK_THREADS_MAX:
            return
        if self._is_loop_running:
            # By the loop: whether it still turns is what is asked.
            self._loop.call_soon_threadsafe(self._wire.answer, number, '"pong"')
        else:
            self._wire.answer(number, '"pong"')

    def refuse_to_work(self, reason: str) -> None:
        """Tells the server, which asks first what there is, why there is nothing."""
        self._wire.refuse(self._requests.get()["id"], INTERNAL_ERROR, reason, {"executed": "no"})

    def run(self, title: str, procedures: Dict[str, Procedure]) -> None:
        """Answers until the server lets go."""
        self._procedures = procedures
        methods = [one.describe() for one in procedures.values()]
        document = {"openrpc": "1.3.2", "info": {"title": title, "version": "1"}, "methods": methods}
        while True:
            request = self._requests.get()
            if request["method"] == "rpc.discover":
                self._wire.answer(request["id"], write(document))
            elif "call" in request:
                self._start(request["call"])
            else:
                self._wire.refuse(request["id"], -32601, f"Cannot find {request['method']}", {"executed": "no"})

    def _start(self, call: Call) -> None:
        try:
            self._begin(call)
        except RuntimeError as error:  # The system has no thread for it, which must not end the other calls.
            message = f"Cannot run {call.procedure.name}: {error}"
            self._wire.refuse(call.number, INTERNAL_ERROR, message, {"executed": "no"})
            self._end(call)

    def _begin(self, call: Call) -> None:
        if call.procedure.is_async:
            context = contextvars.copy_context()
            context.run(caller_of_call.set, call.caller)
            self._run_loop()
            self._loop.call_soon_threadsafe(self._start_task, call, context=context)
        elif call.procedure.kind == "io":
            threading.Thread(target=self._run_in_thread, args=(call,), name=call.procedure.name, daemon=True).start()
        else:
            self._run(call)

    def _run_loop(self) -> None:
        if self._is_loop_running:
            return
        threading.Thread(target=self._turn, name="rpc event loop", daemon=True).start()
        self._is_loop_running = True

    def _turn(self) -> None:
        asyncio.set_event_loop(self._loop)
        while True:
            try:
                self._loop.run_forever()
            except BaseException:  # What a task of the user's own has let out, such as a SystemExit.
                traceback.print_exc()

    def _start_task(self, call: Call) -> None:
        task = self._loop.create_task(self._run_async(call))

        def stop() -> None:
            if not call.is_cleaning_up:
                task.cancel()

        call.stop = lambda: void(self._loop.call_soon_threadsafe(stop))

    def _run_in_thread(self, call: Call) -> None:
        self._threads.append(call)
        try:
            self._run(call)
        finally:
            self._threads.remove(call)

    def _run(self, call: Call) -> None:
        caller_of_call.set(call.caller)
        try:
            arguments = self._bind(call)
            if arguments is not None:
                positional, named = arguments
                returned = call.procedure.function(*positional, **named)
                if call.procedure.is_stream:
                    result = self._stream(call, returned)
                else:
                    result = write(returned, call.procedure.sends)
                self._finish(call, result)
        except BaseException as error:
            self._fail(call, error)
        finally:
            self._end(call)

    async def _run_async(self, call: Call) -> None:
        try:
            if call.is_cancelled:
                # Before it began. A task that is cancelled then would never come here, and have no end.
                raise asyncio.CancelledError()
            arguments = self._bind(call)
            if arguments is not None:
                positional, named = arguments
                returned = call.procedure.function(*positional, **named)
                if call.procedure.is_async_stream:
                    result = await self._stream_async(call, returned)
                else:
                    result = write(await returned, call.procedure.sends)
                self._finish(call, result)
        except BaseException as error:
            self._fail(call, error)
        finally:
            self._end(call)

    def _bind(self, call: Call) -> Any:
        """The arguments; `None`: they do not fit, which the caller has been told."""
        try:
            check_numbers(call.params)
            return call.procedure.bind(call.params)
        except Unfit as unfit:
            first = unfit.issues[:ISSUES_MAX]
            issues = [{"path": list(path), "message": text} for path, text in first]
            message = f"Cannot call {call.procedure.name}: {call.procedure.said(first)}"
            data = {"executed": "no", "issues": issues}
            self._wire.refuse(call.number, INVALID_PARAMS, message, data)
            return None

    def _finish(self, call: Call, result: str) -> None:
        check_length(result)
        self._wire.answer(call.number, result)

    def _fail(self, call: Call, error: BaseException) -> None:
        try:
            self._tell(call, error)
        except BaseException:
            # A function has taken away what answers need, and all further callers would wait in vain.
            flush_prints()
            os._exit(1)

    def _tell(self, call: Call, error: BaseException) -> None:
        name = call.procedure.name
        if isinstance(error, InvalidParams):
            return self._wire.refuse(call.number, INVALID_PARAMS, safe_text(error), {"executed": "yes"})
        if isinstance(error, Unfit):
            message = f"{name} returned what cannot be sent: " + "; ".join(
                said(("result",) + path, text) for path, text in error.issues
            )
        else:
            if not call.is_cancelled:
                log(report(f"{name} failed: {summary(error)}", shown(error)))
            message = f"{name} failed: {summary(error)}"
        self._wire.refuse(call.number, INTERNAL_ERROR, message, {"executed": "yes"})

    def _end(self, call: Call) -> None:
        self._calls.pop(call.number, None)
        end_prints()

    def _stream(self, call: Call, returned: Any) -> str:
        # A decorator may have made a list of the generator.
        items = iter(returned)
        close = getattr(items, "close", lambda: None)
        if not call.asks_for_stream:
            collected = Collected(call.procedure.sends)
            try:
                for item in items:
                    collected.add(item)
            finally:
                close()
            return collected.text()
        count = 0
        try:
            while call.may_send():
                try:
                    item = next(items)
                except StopIteration:
                    break
                self._send_item(call, item, count)
                count += 1
        finally:
            close()
        if count == 0:
            self._wire.item(call.number, "[]")
        return str(count)

    async def _stream_async(self, call: Call, items: Any) -> str:
        if not call.asks_for_stream:
            collected = Collected(call.procedure.sends)
            try:
                async for item in items:
                    collected.add(item)
            finally:
                await items.aclose()
            return collected.text()
        count = 0
        try:
            while await call.may_send_async():
                try:
                    item = await items.__anext__()
                except StopAsyncIteration:
                    break
                self._send_item(call, item, count)
                count += 1
        finally:
            call.is_cleaning_up = True
            await items.aclose()
        if count == 0:
            self._wire.item(call.number, "[]")
        return str(count)

    def _send_item(self, call: Call, item: Any, index: int) -> None:
        try:
            text = f"[{write(item, call.procedure.sends)}]"
            check_length(text)
        except Unfit as unfit:
            raise Unfit([((index,) + path, message) for path, message in unfit.issues]) from None
        self._wire.item(call.number, text)


class Collected:
    """The items of a stream for a caller who asked for none: as one array, as far as one message holds them."""

    def __init__(self, sends: Sends) -> None:
        self._sends = sends
        self._texts: List[str] = []
        self._length = 0

    def add(self, item: Any) -> None:
        try:
            text = write(item, self._sends)
        except Unfit as unfit:
            index = len(self._texts)
            raise Unfit([((index,) + path, message) for path, message in unfit.issues]) from None
        self._length += len(text) + 1
        if self._length > MESSAGE_BYTES_MAX:
            raise Unfit([((), f"has more than {MESSAGE_BYTES_MAX} bytes, the most of a message "
                              "(rpc serve --message-max): call it as a stream")])
        self._texts.append(text)

    def text(self) -> str:
        return f"[{','.join(self._texts)}]"


def check_length(text: str) -> None:
    """Refuses what no message holds. The server looks whether it fits with what stands around it."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    if size > MESSAGE_BYTES_MAX:
        raise Unfit([((), f"has {size} bytes, and a message at most {MESSAGE_BYTES_MAX} (rpc serve --message-max); "
                          "or yield it in pieces")])


def clean(text: str) -> str:
    """Without halves of characters, which UTF-8 does not have."""
    return text.encode("utf-8", "replace").decode()


def safe_text(error: BaseException) -> str:
    try:
        # Whole and plain, whatever the user's class makes of its text.
        return "".join([str.__str__(str(error))])
    except BaseException:  # It may leave, too.
        return "an error whose text cannot be made"


def summary(error: BaseException) -> str:
    """Its type and text; of a group, such as that of `asyncio.TaskGroup`, what it holds as well."""
    text = safe_text(error)
    told = type(error).__name__ + (f": {text}" if text else "")
    if not isinstance(error, GROUP):
        return told
    held = exceptions_in(error)
    more = [f"and {len(held) - GROUP_TOLD_MAX} more"] if len(held) > GROUP_TOLD_MAX else []
    return f"{told}: " + "; ".join([summary(one) for one in held[:GROUP_TOLD_MAX]] + more)


def exceptions_in(group: BaseException) -> List[BaseException]:
    """The exceptions of a group and of the groups in it, in order."""
    waiting, held = [group], []
    while waiting:
        one = waiting.pop()
        if isinstance(one, GROUP):
            waiting.extend(reversed(GROUP.exceptions.__get__(one)))
        else:
            held.append(one)
    return held


def report(message: str, stack: str) -> str:
    """
    A failure as the one line by which the server logs it as a whole, behind one that was begun. On Windows
    no server reads what its workers print: there it is told in lines for people.
    """
    lines = stack.rstrip().splitlines()
    if len(lines) > STACK_LINES_MAX:
        half = STACK_LINES_MAX // 2
        lines = lines[:half] + ["..."] + lines[1 - half :]
    shown_lines = [line[:200] for line in lines]
    if sys.platform == "win32":
        told_lines = [message[:1_000]] + ["    " + line for line in shown_lines]
        return "".join("\n" + printable(line) for line in told_lines) + "\n"
    while True:
        told = json.dumps({"message": message[:1_000], "stack": shown_lines}, ensure_ascii=False)
        if len(told) <= REPORT_LENGTH_MAX or not shown_lines:
            return "\n\x1e" + told + "\n"
        shown_lines.pop()


def printable(line: str) -> str:
    """A line without what a terminal obeys or hides."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


def log(text: str) -> None:
    try:
        sys.stderr.write(text)
    except Exception:
        pass  # Closed, or replaced by the user's code, which must not cost anybody's call.


def shown(error: BaseException) -> str:
    """An exception as Python shows it, without the frames that lead to the user's code."""
    try:
        told = traceback.TracebackException(type(error), error, error.__traceback__)
        forget_own_frames(told)
        text = "".join(told.format())
    except BaseException:
        return f"{type(error).__name__}: {safe_text(error)}\n"
    empty = "Traceback (most recent call last):\n"
    # What stopped the file from being read has no frame of the user's.
    return text[len(empty) :] if text.startswith(empty) and not told.stack else text


def forget_own_frames(told: Any) -> None:
    frames = [frame for frame in told.stack if not frame.filename.startswith(OWN_FILES)]
    told.stack = traceback.StackSummary.from_list(frames)
    inner = [told.__cause__, told.__context__, *(getattr(told, "exceptions", None) or [])]
    for one in inner:
        if one is not None:
            forget_own_frames(one)


def void(_: Any) -> None:
    """Returns nothing, whatever it is given."""


def ignore(number: int, frame: Any) -> None:
    """For signals that are the server's. A handler, since to ignore them would pass on to child programs."""


def signals_left_to_server() -> List[signal.Signals]:
    names = ("SIGINT", "SIGBREAK") if sys.platform == "win32" else ("SIGINT", "SIGTERM", "SIGHUP")
    return [getattr(signal, name) for name in names]


def leave_signals_to_server() -> None:
    for number in signals_left_to_server():
        signal.signal(number, ignore)


def flush_prints() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # Closed, or replaced by the user's code.


class Printed(io.TextIOWrapper):
    """Stdout or stderr, which knows whether a line was begun and not ended."""

    is_begun = False

    def write(self, text: str) -> int:
        count = super().write(text)
        self.is_begun = not text.endswith("\n") if text else self.is_begun
        return count


def print_by_lines() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            printed = Printed(stream.detach(), "utf-8", "backslashreplace", line_buffering=True)
            setattr(sys, name, printed)
            setattr(sys, f"__{name}__", printed)


def end_prints() -> None:
    """What a call has printed is in the log when it ends, also what it left without a line feed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if getattr(stream, "is_begun", False):
                stream.write("\n")
        except Exception:
            pass  # Closed.
    flush_prints()


def package_of(directory: str) -> str:
    """The package that a directory is, and makes its parent a place to look for modules; or an empty name."""
    names: List[str] = []
    while os.path.isfile(os.path.join(directory, "__init__.py")):
        directory, name = os.path.split(directory)
        names.insert(0, name)
    if names:
        sys.path.insert(1, directory)
    return ".".join(names)


RPC_IN_CHILDREN = """
import sys, types
rpc = sys.modules['rpc'] = types.ModuleType('rpc')
exec('''
class InvalidParams(ValueError): pass
class Bounds:
    def __init__(self, **bounds): self.__dict__.update(bounds)
def caller(): raise RuntimeError('caller() is not known in another process: ask before, and pass it on')
def procedure(function=None, **options): return function or (lambda marked: marked)
''', rpc.__dict__)
"""
"""
What lets a new process of multiprocessing import a file that imports `rpc`. None of it is called there. It
has no double quotes: Windows' command line is put together with some around each word, and escapes none.
"""


def give_rpc_to_children() -> None:
    """New processes of multiprocessing, where they are no copies of this one, import the file anew."""
    from multiprocessing import spawn, util

    def known(program: Any) -> Any:
        is_ours = isinstance(program, str) and program.startswith("from multiprocessing.")
        return f"{RPC_IN_CHILDREN}{program}" if is_ours else program

    command_line, start = spawn.get_command_line, getattr(util, "spawnv_passfds", None)
    if sys.platform == "win32":
        spawn.get_command_line = lambda **options: [known(one) for one in command_line(**options)]
    elif start is not None:

        def started(path: Any, arguments: Any, files: Any) -> Any:
            return start(path, [known(one) for one in arguments], files)

        setattr(util, "spawnv_passfds", started)


def load(path: str) -> types.ModuleType:
    """Runs a file as a module, so that its `if __name__ == "__main__"` is not run."""
    directory, file_name = os.path.split(path)
    name = os.path.splitext(file_name)[0]
    # A file called json.py must not become what the standard library takes for its own.
    name = f"{name} (served)" if name in sys.modules else name
    sys.argv = [path]
    # Of a link as Python does for a program: what lies beside the file itself goes first.
    sys.path[:0] = list(dict.fromkeys([os.path.dirname(os.path.realpath(path)), directory]))
    # Bytecode tells versions apart by the second, and edits come faster.
    sys.dont_write_bytecode = True
    if not any(os.path.exists(os.path.join(directory, own)) for own in ("rpc.py", "rpc")):
        sys.modules["rpc"] = public_module()
    module = types.ModuleType(name)
    module.__file__ = path
    module.__package__ = package_of(directory)
    if not module.__package__:
        # So that `from .helper import ...` finds what lies beside the file.
        package = types.ModuleType("files beside")
        package.__path__ = [directory]
        sys.modules[package.__name__] = package
        module.__package__ = package.__name__
    sys.modules[name] = module
    importlib.invalidate_caches()
    with open(path, "rb") as source:
        text = source.read()
    if b"multiprocessing" in text or b"ProcessPool" in text:
        give_rpc_to_children()
    exec(compile(text, path, "exec", dont_inherit=True), module.__dict__)
    return module


def main(path: str) -> None:
    """Serves the functions of the file at this path until the server lets go."""
    wire = Wire()
    print_by_lines()
    leave_signals_to_server()
    # Before the file is loaded, whose locks may be made for the loop that is there.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = Worker(wire, loop)
    file_name = os.path.basename(path)
    try:
        module = load(path)
        procedures = procedures_of(module)
        leave_signals_to_server()
        if not procedures:
            raise ValueError(
                "its __all__ lists no function to serve"
                if hasattr(module, "__all__")
                else "it defines no function to serve: names that begin with _, and what is imported, are left out"
            )
    except BaseException as error:
        is_ours = isinstance(error, ValueError) and error.__traceback__.tb_next is None  # type: ignore
        reason = safe_text(error) if is_ours else f"\n{shown(error).rstrip()}"
        worker.refuse_to_work(f"Cannot serve {file_name}: {reason}".replace(": \n", ":\n"))
        flush_prints()
        os._exit(1)
    worker.run(os.path.splitext(file_name)[0], procedures)
