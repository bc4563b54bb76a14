"""Functions that raise, print, wait, yield and go."""

import json
import os
import sys
import tempfile
import unittest
import unittest.mock

from running import ADAPTER, Failed, Worker

FILE = '''
import asyncio, sys

class Leaves(Exception):
    def __str__(self):
        raise SystemExit(5)

class Raises(Exception):
    def __str__(self):
        raise RuntimeError("no")
    __repr__ = __str__

class NoText(Exception):
    def __str__(self):
        return 5

class OddText(str):
    def __format__(self, spec):
        raise ValueError("no")
    def __getitem__(self, index):
        raise ValueError("no")
    def encode(self, *more):
        raise ValueError("no")

class Subclassed(Exception):
    def __str__(self):
        return OddText("odd text")

def leaves(): raise Leaves()
def raises(): raise Raises()
def no_text(): raise NoText()
def subclassed(): raise Subclassed()
def half(): raise ValueError("\\ud800 half")
def long(): raise ValueError("x" * 5_000_000)
def base(): raise BaseException("base")
def interrupted(): raise KeyboardInterrupt()
def generator_exit(): raise GeneratorExit()
def deep():
    return deep()
def chained():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise ValueError("outer") from error
def stops():
    raise StopIteration("stopped")
def grows(n: int):
    yield "short"
    yield "x" * n
async def async_fails():
    await asyncio.sleep(0)
    raise KeyError("gone")
async def async_cancels_itself():
    raise asyncio.CancelledError()

if sys.version_info >= (3, 11):
    def grouped():
        inner = [ExceptionGroup("inner", [ValueError(n), KeyError(n)]) for n in range(2)]
        raise ExceptionGroup("outer", [TypeError("first"), *inner])
    async def tasks():
        async with asyncio.TaskGroup() as group:
            group.create_task(async_fails())

def prints(text: str):
    print(text, end="")
    return len(text)
def prints_bytes():
    sys.stdout.buffer.write(b"raw \\xff bytes")
    return 1
async def async_prints(text: str):
    print(text, end="")
def closes():
    sys.stdout.close()
    return "closed"

async def wait(seconds: float):
    await asyncio.sleep(seconds)
    return seconds

def count(n: int):
    for i in range(n):
        yield i
def fails_after(n: int):
    for i in range(n):
        yield i
    raise ValueError("after")
async def async_count(n: int):
    try:
        for i in range(n):
            yield i
    finally:
        await asyncio.sleep(0)
        print("cleaned up", n)
'''


class Behaviour(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worker = Worker(FILE)

    @classmethod
    def tearDownClass(cls):
        cls.worker.close()

    def test_whatever_is_raised_is_an_answer_and_the_worker_goes_on(self):
        for method, pattern in (
            ("leaves", "^leaves failed: Leaves: an error whose text cannot be made$"),
            ("raises", "^raises failed: Raises: an error whose text cannot be made$"),
            ("no_text", "^no_text failed: NoText: an error whose text cannot be made$"),
            ("subclassed", "^subclassed failed: Subclassed: odd text$"),
            ("half", r"^half failed: ValueError: \? half$"),
            ("long", "^long failed: ValueError: xxx"),
            ("base", "^base failed: BaseException: base$"),
            ("interrupted", "^interrupted failed: KeyboardInterrupt$"),
            ("generator_exit", "^generator_exit failed: GeneratorExit$"),
            ("deep", "^deep failed: RecursionError: "),
            ("chained", "^chained failed: ValueError: outer$"),
            ("stops", "^stops failed: StopIteration: stopped$"),
            ("async_fails", "^async_fails failed: KeyError: 'gone'$"),
            ("async_cancels_itself", "^async_cancels_itself failed: CancelledError"),
        ):
            with self.subTest(method), self.assertRaisesRegex(Failed, pattern) as caught:
                self.worker.call(method)
            self.assertEqual((caught.exception.code, caught.exception.data["executed"]), (-32603, "yes"))
            self.assertLess(len(caught.exception.message), 20_000)
        self.assertEqual(self.worker.call("prints", "x"), 1)

    @unittest.skipIf(sys.version_info < (3, 11), "no groups of exceptions")
    def test_a_group_of_exceptions_tells_what_it_holds(self):
        for method, told in (
            ("grouped", "ExceptionGroup: outer (3 sub-exceptions): TypeError: first; ValueError: 0; KeyError: 0; and 2 more"),
            ("tasks", "ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception): KeyError: 'gone'"),
        ):
            with self.subTest(method), self.assertRaises(Failed) as caught:
                self.worker.call(method)
            self.assertEqual(caught.exception.message, f"{method} failed: {told}")

    def test_a_traceback_has_the_frames_of_the_file_alone(self):
        with self.assertRaises(Failed):
            self.worker.call("chained")
        log = self.worker.log()
        if sys.platform == "win32":
            message, *lines = log.strip().splitlines()
            stack = "\n".join(line[4:] for line in lines)
        else:
            told = json.loads(log[log.rindex("\x1e") + 1 :].splitlines()[0])
            message, stack = told["message"], "\n".join(told["stack"])
        self.assertEqual(message, "chained failed: ValueError: outer")
        self.assertRegex(stack, r'File ".*tasks\.py", line \d+, in chained\n    raise ValueError\("outer"\)')
        self.assertIn("ZeroDivisionError", stack)
        for own in ("rpc_worker", "rpc_procedures", "rpc_hints"):
            self.assertNotIn(own, log)

    def test_of_a_long_traceback_the_log_has_the_beginning_and_the_end(self):
        sys.path.insert(0, ADAPTER)
        try:
            import rpc_worker
        finally:
            sys.path.remove(ADAPTER)
        for count, stack in ((20, list(range(20))), (100, [*range(10), "...", *range(91, 100)])):
            with unittest.mock.patch.object(sys, "platform", "linux"):
                told = rpc_worker.report("it failed", "\n".join(map(str, range(count))) + "\n")
            self.assertEqual(json.loads(told.strip("\x1e\n")), {"message": "it failed", "stack": list(map(str, stack))})

    def test_on_windows_a_failure_is_told_in_lines_for_people_and_new_processes_get_no_double_quote(self):
        sys.path.insert(0, ADAPTER)
        try:
            import rpc_worker
        finally:
            sys.path.remove(ADAPTER)
        with unittest.mock.patch.object(sys, "platform", "win32"):
            told = rpc_worker.report("it failed", "at C:\\jobs\nwith \x1b[31m\n")
        self.assertEqual(told, "\nit failed\n    at C:\\jobs\n    with \\x1b[31m\n")
        self.assertNotIn('"', rpc_worker.RPC_IN_CHILDREN)

    def test_what_is_printed_without_a_line_feed_is_in_the_log_when_the_call_ends(self):
        for method in ("prints", "async_prints"):
            for text in ("begun", "one\ntwo", "世界 \ud800"):
                self.worker.call(method, text)
        # An answer comes before the log does: on each thread, one call more.
        self.worker.call("prints", "")
        self.worker.call("wait", 0)
        lines = self.worker.log().split("\n")
        for line in ("begun", "one", "two", "世界 \\ud800"):
            self.assertEqual(lines.count(line), 2, lines)

    def test_a_function_that_closes_what_it_prints_to_costs_nobody_a_call(self):
        with Worker(FILE) as worker:
            self.assertEqual(worker.call("closes"), "closed")
            with self.assertRaisesRegex(Failed, "closed file"):
                worker.call("prints", "x")
            self.assertEqual(worker.call("wait", 0), 0)
            self.assertEqual(worker.call("count", 2), [0, 1])

    def test_async_functions_run_at_once_on_one_loop(self):
        for number, seconds in ((101, 0.3), (102, 0.1), (103, 0.2)):
            self.worker.send("wait", [seconds], None, number)
        self.assertEqual([self.worker.read()["id"] for _ in range(3)], [102, 103, 101])

    def test_streams_come_within_their_credit(self):
        for method in ("count", "async_count"):
            for n in (0, 1, 50):
                with self.subTest((method, n)):
                    self.assertEqual(self.worker.items(method, n, credit=2), list(range(n)))
                    self.assertEqual(self.worker.call(method, n), list(range(n)))
        with self.assertRaisesRegex(Failed, "ValueError: after"):
            self.worker.items("fails_after", 3, credit=1)
        with self.assertRaisesRegex(Failed, r"result\[1\] has \d+ bytes, and a message at most \d+"):
            self.worker.items("grows", 5_000_000, credit=1)

    def test_a_stream_that_is_given_up_cleans_up_and_is_answered(self):
        self.worker.send("async_count", [1_000_000], {"stream": 1}, 900)
        self.assertEqual(self.worker.read()["params"], {"id": 900, "items": [0]})
        self.worker.send("rpc.cancel", {"id": 900})
        self.assertEqual(self.worker.read()["id"], 900)
        self.assertEqual(self.worker.call("prints", "x"), 1)
        self.assertIn("cleaned up 1000000", self.worker.log())

    def test_a_call_that_is_given_up_before_it_begins_is_answered(self):
        text = """
            import os, time
            def waits(path: str):
                while not os.path.exists(path): time.sleep(0.01)
            async def begins(): return 1
        """
        with tempfile.TemporaryDirectory() as directory, Worker(text) as worker:
            path = os.path.join(directory, "go")
            worker.send("waits", [path], number=900)
            worker.send("begins", [], number=901)
            worker.send("rpc.cancel", {"id": 901})
            # What reads calls has read all that by then, and what begins them is busy.
            self.assertEqual(worker.call("rpc.ping"), "pong")
            open(path, "wb").close()
            answers = {answer["id"]: answer for answer in (worker.read(), worker.read())}
            self.assertIn("result", answers[900])
            self.assertEqual(answers[901]["error"]["message"], "begins failed: CancelledError")

    def test_a_call_for_which_there_is_no_thread_fails_alone(self):
        text = """
            import threading
            from rpc import procedure
            start = threading.Thread.start
            def full():
                def refuses(thread): raise RuntimeError("can't start new thread")
                threading.Thread.start = refuses
            def free(): threading.Thread.start = start
            @procedure(kind="io")
            def waits(): return 1
            async def awaits(): return 2
        """
        with Worker(text) as worker:
            worker.call("full")
            for method in ("waits", "awaits"):
                with self.subTest(method), self.assertRaises(Failed) as caught:
                    worker.call(method)
                self.assertEqual(caught.exception.message, f"Cannot run {method}: can't start new thread")
                self.assertEqual(caught.exception.data, {"executed": "no"})
            worker.call("free")
            self.assertEqual([worker.call("waits"), worker.call("awaits")], [1, 2])


class Files(unittest.TestCase):
    def test_a_decorator_may_change_what_is_returned(self):
        text = """
            import functools
            def _listing(f):
                @functools.wraps(f)
                def listed(*given): return list(f(*given))
                return listed
            def _later(f):
                @functools.wraps(f)
                async def later(*given): return f(*given)
                return later
            def _passing(f):
                @functools.wraps(f)
                def passing(*given): return f(*given)
                return passing
            @_listing
            def listed(n: int):
                yield from range(n)
            @_later
            def later(n: int): return n
            @_passing
            async def passed(n: int): return n
            @_passing
            def streamed(n: int):
                yield from range(n)
        """
        with Worker(text) as worker:
            for method, result in (("listed", [0, 1]), ("later", 2), ("passed", 2), ("streamed", [0, 1])):
                with self.subTest(method):
                    self.assertEqual(worker.call(method, 2), result)
            kinds = {name: (one["x-kind"], one["x-stream"]) for name, one in worker.methods.items()}
            self.assertEqual(kinds["later"], ("io", False))
            self.assertEqual(kinds["passed"], ("io", False))
            self.assertEqual(kinds["streamed"], ("cpu", True))

    @unittest.skipIf(sys.version_info < (3, 12), "Type aliases came with Python 3.12")
    def test_a_type_alias_may_hold_itself_or_name_what_there_is_not(self):
        text = """
            type Tree = dict[str, Tree] | int
            type Missing = Nowhere
            def tree(x: Tree, y: Missing = 1): return [x, y]
        """
        with Worker(text) as worker:
            self.assertEqual(worker.call("tree", {"a": {"b": 1}}, "y"), [{"a": {"b": 1}}, "y"])
            with self.assertRaises(Failed):
                worker.call("tree", "x")

    def test_hints_that_cannot_be_read_count_as_anything(self):
        text = """
            from __future__ import annotations
            from typing import TYPE_CHECKING, Generic, TypeVar
            if TYPE_CHECKING:
                from nowhere import Thing
            T = TypeVar("T")
            class Box(Generic[T]):
                pass
            def one(x: Thing) -> Thing: return x
            def two(x: T, y: Box[int] = None) -> T: return x
            def three(x: "not a hint at all!"): return x
            def four(x: 5 = 1): return x
            def five(x: int | None = None): return x
        """
        with Worker(text) as worker:
            for method in ("one", "two", "three", "four", "five"):
                self.assertEqual(worker.call(method, 5), 5)

    def test_processes_of_multiprocessing_know_rpc_however_they_are_started(self):
        text = """
            import concurrent.futures
            from typing import List
            from rpc import Bounds, InvalidParams, caller, procedure
            @procedure(idempotent=True)
            def square(x: int) -> int: return x * x
            def pool(how: str) -> list:
                import multiprocessing
                with multiprocessing.get_context(how).Pool(1) as pool:
                    return pool.map(square, [1, 2, 3])
            def executor() -> list:
                with concurrent.futures.ProcessPoolExecutor(1) as pool:
                    return list(pool.map(square, [1, 2]))
            def ways() -> list:
                import multiprocessing
                return multiprocessing.get_all_start_methods()
        """
        with Worker(text) as worker:
            for how in worker.call("ways"):
                with self.subTest(how):
                    self.assertEqual(worker.call("pool", how), [1, 4, 9])
            self.assertEqual(worker.call("executor"), [1, 4])

    def test_a_caller_is_known_where_its_call_runs_and_nowhere_taken_for_another(self):
        text = """
            import asyncio, concurrent.futures, multiprocessing
            from rpc import caller, procedure
            threads = concurrent.futures.ThreadPoolExecutor(1)
            def plain(): return caller()
            def stream(): yield caller()
            @procedure(kind="io")
            def thread(): return caller()
            async def task(): return await asyncio.gather(caller_later())
            async def caller_later(): return caller()
            def own_thread(): return threads.submit(caller).result()
            def own_process(how):
                with multiprocessing.get_context(how).Pool(1) as pool:
                    return pool.apply(plain)
            def ways(): return multiprocessing.get_all_start_methods()
            async def executor(): return await asyncio.get_event_loop().run_in_executor(threads, caller)
        """
        with Worker(text) as worker:
            for name in ("ann", "bob", None):
                meta = {} if name is None else {"caller": name}
                with self.subTest(name):
                    self.assertEqual(worker.call("plain", meta=meta), name)
                    self.assertEqual(worker.call("thread", meta=meta), name)
                    self.assertEqual(worker.call("task", meta=meta), [name])
                for method in ("own_thread", "executor"):
                    with self.subTest(method), self.assertRaisesRegex(Failed, "RuntimeError: caller.. is not known"):
                        worker.call(method, meta=meta)
            for how in worker.call("ways"):
                with self.subTest(how), self.assertRaisesRegex(Failed, "RuntimeError: caller.. is not known"):
                    worker.call("own_process", how, meta={"caller": "ann"})

    def test_a_worker_that_cannot_answer_any_more_ends(self):
        text = """
            import asyncio, json, sys
            from rpc import procedure
            def mute():
                json.dumps = None
            @procedure(kind="io")
            def one(): return 1
            async def one_async(): return 1
            def fail(): raise ValueError("x")
            def deafen():
                sys.stderr.close()
        """
        for method in ("one", "one_async"):
            with self.subTest(method), Worker(text) as worker:
                with self.assertRaises(EOFError):
                    worker.call("mute")
                    worker.call(method)
        with Worker(text) as worker:
            worker.call("deafen")
            with self.assertRaisesRegex(Failed, "fail failed: ValueError: x"):
                worker.call("fail")

    @unittest.skipUnless(hasattr(os, "fork"), "POSIX closes so")
    def test_a_function_that_closes_the_pipes_ends_its_worker_without_our_frames(self):
        with Worker("import os\ndef close_all():\n    os.closerange(3, 64)\n") as worker:
            with self.assertRaises(EOFError):
                worker.call("close_all")
            self.assertNotIn("Traceback", worker.log())

    @unittest.skipUnless(os.path.exists("/proc/self/syscall"), "only Linux tells where a thread waits")
    @unittest.skipUnless(sys.platform == "linux", "it looks into /proc")
    def test_a_function_that_closes_the_input_costs_no_call_that_was_read(self):
        text = """
            import os, threading, time
            def close_input():
                # Closing interrupts no read, so what comes next is read if the reader waits already:
                # in the system, since its frame in Python is the same just before it reads.
                reader = next(thread for thread in threading.enumerate() if thread.name == "rpc reader")
                while True:
                    with open(f"/proc/self/task/{reader.native_id}/syscall") as call:
                        if call.read().split()[1:2] == ["0x3"]:
                            break
                    time.sleep(0.001)
                os.close(3)
            def slow():
                time.sleep(0.1)
                return 1
        """
        with Worker(text) as worker:
            worker.call("close_input")
            self.assertEqual(worker.call("slow"), 1)
            with self.assertRaises(EOFError):
                worker.read()

    def test_an_argument_too_many_is_told_by_its_place(self):
        with Worker("def add(a, b): return a + b\n") as worker:
            with self.assertRaisesRegex(Failed, "parameter 3 is one too many: add takes at most 2"):
                worker.call("add", 1, 2, 3)

    def test_what_is_no_function_of_the_file_is_not_served(self):
        text = """
            import os, functools
            from math import sqrt
            from os.path import join as joined
            class Klass:
                def method(self): pass
            def _hidden(): pass
            def __hidden(): pass
            number = 5
            shown = lambda x: x
            partial = functools.partial(sqrt, 4)
            @functools.lru_cache(None)
            def cached(x: int): return x
            def decorated(function):
                @functools.wraps(function)
                def inner(*more):
                    return function(*more)
                return inner
            @decorated
            def wrapped(x: int): return x
        """
        with Worker(text) as worker:
            self.assertEqual(set(worker.methods), {"shown", "cached", "decorated", "wrapped"})
            self.assertEqual(worker.call("cached", 2), 2)
            self.assertEqual(worker.call("wrapped", 2), 2)

    def test_a_file_whose_marks_cannot_be_meant_is_not_served(self):
        for marks, said in {
            "(name='rpc.add')": "add cannot be served as 'rpc.add': names that begin with 'rpc.' belong",
            f"(name='{'n' * 257}')": "256 characters are the most",
            "(name='sub')": "two functions are to be served as 'sub'",
            "(names='sum')": "procedure\\(\\) has no option 'names': there are idempotent, kind and name",
            "(kind='inline')": "kind must be",
        }.items():
            with self.subTest(marks), self.assertRaisesRegex(Failed, said):
                Worker(f"from rpc import procedure\n@procedure{marks}\ndef add(a): pass\ndef sub(a): pass\n")

    def test_a_file_with_all_serves_exactly_the_functions_that_it_lists(self):
        text = """
            from os.path import basename
            from math import sqrt
            from rpc import procedure
            __all__ = ("_hidden", "basename", "sqrt", "number", "Klass", "later")
            class Klass: pass
            number = 5
            def _hidden(): return 1
            def unlisted(): pass
            @procedure(name="marked")
            def marked(): pass
            @procedure(name="named.later", idempotent=True)
            def later(): return 2
        """
        with Worker(text) as worker:
            self.assertEqual(set(worker.methods), {"_hidden", "basename", "sqrt", "named.later"})
            self.assertEqual(worker.call("_hidden"), 1)
            self.assertEqual(worker.call("basename", "/a/b"), "b")
            self.assertEqual(worker.call("sqrt", 4), 2)
            self.assertTrue(worker.methods["named.later"]["x-idempotent"])
        for listed, said in {
            '["add", "ad"]': "__all__ lists 'ad', which the file does not define",
            '"add"': "__all__ must be a list of names, not 'add'",
            '["add", "max"]': "max cannot be served: Python does not know its parameters",
            "[]": "Cannot serve tasks.py: its __all__ lists no function to serve",
        }.items():
            with self.subTest(listed), self.assertRaisesRegex(Failed, said):
                Worker(f"__all__ = {listed}\nfrom builtins import max\ndef add(a, b): return a + b\n")


if __name__ == "__main__":
    unittest.main()
