"""Calls against servers that answer, lie, hang, drain and break."""

import asyncio
import concurrent.futures
import contextlib
import copy
import gc
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

from fake_server import PATIENCE, FakeServer, echo, fails_soon, static, until
import rpc_client
from rpc_client import (
    AsyncClient,
    Cancelled,
    Client,
    ConnectionLost,
    DeadlineExceeded,
    InternalError,
    InvalidParams,
    MethodNotFound,
    Overloaded,
    PermissionDenied,
    RpcError,
    Unavailable,
    WorkerLost,
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def connected(client, count):
    """Waits until so many servers are connected."""
    until(lambda: len(client.connected) >= count)


def breaks(peer, request):
    """Dies under every call."""
    peer.close()


class Answers(unittest.TestCase):
    def test_answers_find_their_calls_in_any_order_and_in_any_pieces(self):
        held = []

        def answer_backwards(peer, request):
            held.append(request)
            if len(held) < 3:
                return
            # Besides: what nobody asked for, what nobody knows, white space, and a CR.
            data = b'\r\n\n{"jsonrpc":"2.0","id":999,"result":0}\n{"jsonrpc":"2.0","method":"rpc.later"}\n'
            for one in reversed(held):
                answer = {"jsonrpc": "2.0", "id": one["id"], "result": one["params"], "later": 1}
                data += json.dumps(answer).encode() + b"\r\n"
            for start in range(0, len(data)):
                peer.send_bytes(data[start : start + 1])

        with FakeServer(answer_backwards) as server, Client(static(server)) as client:
            calls = [client.submit("f", [n]) for n in range(3)]
            self.assertEqual([call.result(PATIENCE) for call in calls], [[0], [1], [2]])

    def test_many_threads_share_one_connection_to_each_server_and_each_gets_its_own_answer(self):
        with FakeServer(echo) as one, FakeServer(echo) as other, Client(static(one, other)) as client:
            connected(client, 2)

            def work(worker):
                return all(client.call("f", [worker, n]) == [worker, n] for n in range(25))

            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                self.assertTrue(all(pool.map(work, range(16))))
            self.assertEqual((len(one.peers), len(other.peers)), (1, 1))
            self.assertEqual(one.count("f") + other.count("f"), 400)
            self.assertGreater(min(one.count("f"), other.count("f")), 40)

    def test_a_server_whose_calls_end_at_their_deadlines_is_left_alone(self):
        with FakeServer(lambda peer, request: None) as deaf, FakeServer(echo) as other:
            with Client(static(deaf, other)) as client:
                connected(client, 2)
                for n in range(40):
                    try:
                        client.call("f", [n], timeout=0.2)
                    except DeadlineExceeded:
                        pass
                self.assertEqual(deaf.count("f"), 5)

    def test_what_is_no_message_costs_the_connection_and_the_next_one_is_used(self):
        for garbage in (b"SSH-2.0-OpenSSH_9.6\n", b"[]\n", b"x" * (4 * 1024 * 1024 + 1), b"\xff\n"):
            told = []

            def lie_once(peer, request):
                if told:
                    return echo(peer, request)
                told.append(1)
                peer.send_bytes(garbage)

            with self.subTest(garbage[:20]), FakeServer(lie_once, idempotent=["f"]) as server:
                with Client(static(server)) as client:
                    self.assertEqual(client.call("f", [1]), [1])
                self.assertEqual(len(server.peers), 2)

    def test_messages_are_as_long_as_both_sides_say(self):
        with FakeServer(echo) as server, Client(static(server), message_max=2 * 1024 * 1024) as client:
            with self.assertRaisesRegex(InvalidParams, "1048576 is the most"):
                client.call("f", ["x" * 1_100_000])
            self.assertEqual(server.heard("rpc.discover")[0]["params"], {"messageMax": 2 * 1024 * 1024})
        with FakeServer(echo) as server:
            server.message_max = 3_000_000
            with Client(static(server)) as client:
                self.assertEqual(client.call("f", ["x" * 2_000_000]), ["x" * 2_000_000])
        for wrong in (0, 1.5, True, 2**40):
            with self.subTest(wrong), self.assertRaises(InvalidParams):
                Client("local:", message_max=wrong)

    def test_where_rpc_keys_names_no_keys_nothing_goes_on_in_the_open(self):
        with FakeServer(echo) as server, mock.patch.dict(os.environ, {"RPC_KEYS": "/nonexistent/keys"}):
            with self.assertRaisesRegex(InvalidParams, "no keys in /nonexistent/keys"):
                Client(static(server))
            with Client(static(server), insecure=True) as client:
                self.assertEqual(client.call("f", [1]), [1])

    @unittest.skipIf(sys.platform == "win32", "not everybody may make links there")
    def test_where_the_keys_are_a_link_to_nothing_nothing_goes_on_in_the_open(self):
        with FakeServer(echo) as server, tempfile.TemporaryDirectory() as home:
            config = os.path.join(home, ".config")
            os.makedirs(os.path.join(config, "rpc"))
            os.symlink("/nonexistent/keys", os.path.join(config, "rpc", "keys"))
            # A relative directory counts as not set.
            with mock.patch.dict(os.environ, {"XDG_CONFIG_HOME": "config", "HOME": home}):
                with self.assertRaisesRegex(InvalidParams, "no directory and no link to one"):
                    Client(static(server))
            with mock.patch.dict(os.environ, {"XDG_CONFIG_HOME": config}):
                with self.assertRaisesRegex(InvalidParams, "no directory and no link to one"):
                    Client(static(server))
                with Client(static(server), insecure=True) as client:
                    self.assertEqual(client.call("f", [1]), [1])

    def test_a_call_too_long_for_one_server_goes_to_another_that_takes_it(self):
        with FakeServer(echo) as short, FakeServer(echo) as long:
            long.message_max = 3_000_000
            with Client(static(short, long)) as client:
                for _ in range(6):
                    self.assertEqual(client.call("f", ["x" * 2_000_000]), ["x" * 2_000_000])
                largest = "3000000 is the most that any server, the one at 127.0.0.1:%d, takes" % long.port
                for _ in range(10):
                    with self.assertRaisesRegex(InvalidParams, largest):
                        client.call("f", ["x" * 3_000_000])

    def test_a_call_too_long_for_all_connected_servers_waits_for_those_being_connected(self):
        released = threading.Event()

        class SlowServer(FakeServer):
            def _take(self, peer, message):
                released.wait(PATIENCE)
                super()._take(peer, message)

        with FakeServer(echo) as short, SlowServer(echo) as long:
            long.message_max = 3_000_000
            with Client(static(short, long)) as client:
                # By then the call has found the short one alone.
                timer = threading.Timer(0.5, released.set)
                timer.start()
                self.assertEqual(client.call("f", ["x" * 2_000_000]), ["x" * 2_000_000])
                timer.join()

    def test_a_number_that_python_cannot_hold_fails_that_call_alone(self):
        def huge(peer, request):
            peer.send_bytes(b'{"jsonrpc":"2.0","id":%d,"result":1e999}\n' % request["id"])

        with FakeServer(huge) as server, Client(static(server)) as client:
            with self.assertRaisesRegex(InternalError, "1e999"):
                client.call("f")
            self.assertEqual(len(server.peers), 1)

    def test_options_that_cannot_be_are_told_before_anything_is_sent(self):
        with FakeServer(echo) as server, Client(static(server)) as client:
            for timeout in (float("nan"), float("inf"), "5", True, 86_401, 10**400):
                with self.subTest(timeout), self.assertRaises(InvalidParams):
                    client.call("f", timeout=timeout)
            for method in ("x" * 257, 5, None):
                with self.subTest(method), self.assertRaises(InvalidParams):
                    client.call(method)
            for credit in (0, 65_537, 1.5, True):
                with self.subTest(credit), self.assertRaises(InvalidParams):
                    list(client.stream("f", credit=credit))
            with self.assertRaises(InvalidParams):
                client.procedures().f(1, a=2)
            for timeout in (0, -1):
                with self.assertRaisesRegex(DeadlineExceeded, "^Cannot call f: its time was over before") as caught:
                    client.call("f", timeout=timeout)
                self.assertEqual(caught.exception.executed, "no")
            self.assertEqual(server.count("f"), 0)

    def test_procedures_are_methods_by_position_and_by_name(self):
        with FakeServer(echo) as server, Client(static(server)) as client:
            api = client.procedures(timeout=60)
            self.assertEqual(api.add(1, 2), [1, 2])
            self.assertEqual(api.add(a=1, timeout=2), {"a": 1, "timeout": 2})
            self.assertEqual(api["math.add"](3), [3])
            self.assertEqual(server.heard("math.add")[0]["params"], [3])


class Failover(unittest.TestCase):
    def both(self, first, second, idempotent=()):
        """One call to two servers, the first of which gets it first: its outcome, and where it ran."""
        ran = []

        def record(name, handler):
            def handle(peer, request):
                if "id" in request:
                    ran.append(name)
                handler(peer, request)

            return handle

        one, other = FakeServer(record("first", first)), FakeServer(record("second", second))
        one.idempotent, one.others = list(idempotent), [] if idempotent else ["f"]
        other.idempotent, other.others = one.idempotent, one.others
        with one, other, Client(static(one, other)) as client:
            connected(client, 2)
            # Which is first is chance: the handlers are told apart by the order in which they are met.
            order = [first, second]

            def in_order(name):
                def handle(peer, request):
                    if "id" not in request:
                        return
                    ran.append(name)
                    order[min(len(ran), 2) - 1](peer, request)

                return handle

            one.handler, other.handler = in_order("one"), in_order("other")
            try:
                outcome = client.call("f", [1], timeout=60)
            except RpcError as error:
                outcome = error
        return outcome, ran

    def refuses(self, code, **data):
        return lambda peer, request: peer.refuse(request, code, **data)

    def test_a_call_that_did_not_run_is_sent_to_another(self):
        for code in (-32601, -32002, -32003):
            with self.subTest(code):
                outcome, ran = self.both(self.refuses(code, executed="no"), echo)
                self.assertEqual(outcome, [1])
                self.assertEqual(sorted(ran), ["one", "other"])

    def test_a_call_that_may_have_run_is_not_sent_again(self):
        for handler, kind, executed in (
            (breaks, ConnectionLost, "maybe"),
            (self.refuses(-32006), WorkerLost, "maybe"),
            (self.refuses(-32002, executed="maybe"), Overloaded, "maybe"),
            (self.refuses(-32601, executed="yes"), MethodNotFound, "yes"),
        ):
            with self.subTest(kind.__name__):
                outcome, ran = self.both(handler, echo)
                self.assertIsInstance(outcome, kind)
                self.assertEqual((outcome.executed, len(ran)), (executed, 1))

    def test_an_idempotent_call_that_may_have_run_is_sent_to_another(self):
        for handler in (breaks, self.refuses(-32006), self.refuses(-32002, executed="maybe")):
            outcome, ran = self.both(handler, echo, idempotent=["f"])
            self.assertEqual((outcome, sorted(ran)), ([1], ["one", "other"]))

    def test_what_no_other_server_could_do_better_is_not_sent_again(self):
        for code, data in (
            (-32602, {"executed": "no", "issues": [{"path": [0], "message": "m"}]}),
            (-32603, {}),
            (-32001, {"executed": "no"}),
            (-32004, {}),
            (-32005, {}),
            (-32007, {}),
            (-32050, {}),
            (-32010, {"executed": "no"}),
            (-32011, {"executed": "no"}),
        ):
            with self.subTest(code):
                outcome, ran = self.both(self.refuses(code, **data), echo, idempotent=["f"])
                self.assertIsInstance(outcome, RpcError)
                self.assertEqual(len(ran), 1)

    def test_a_call_is_tried_a_bounded_number_of_times(self):
        with FakeServer(self.refuses(-32003, executed="no")) as server, Client(static(server)) as client:
            with self.assertRaises(RpcError) as caught:
                client.call("f", timeout=60)
            self.assertEqual(caught.exception.executed, "no")
            self.assertLessEqual(server.count("f"), 8)

    def test_a_call_that_kills_workers_is_sent_to_two(self):
        with FakeServer(self.refuses(-32006), idempotent=["f"]) as server, Client(static(server)) as client:
            with self.assertRaises(WorkerLost):
                client.call("f", timeout=60)
            self.assertEqual(server.count("f"), 2)

    def test_a_call_that_reached_none_of_the_lost_workers_is_sent_to_others(self):
        refuses = self.refuses(-32006, executed="no")

        def has_workers_later(peer, request):
            (echo if server.count("f") > 2 else refuses)(peer, request)

        with FakeServer(has_workers_later) as server, Client(static(server)) as client:
            self.assertEqual(client.call("f", [1], timeout=PATIENCE), [1])
            self.assertEqual(server.count("f"), 3)

    def test_trying_again_is_a_bounded_share_of_the_load(self):
        with FakeServer(self.refuses(-32002, executed="no")) as server, Client(static(server)) as client:
            calls = [client.submit("f", timeout=60) for _ in range(200)]
            for call in calls:
                self.assertIsInstance(call.exception(PATIENCE), Overloaded)
            self.assertLessEqual(server.count("f"), 200 + (200 * 0.2 + 10) / 2)

    def test_a_server_that_takes_back_that_it_may_run_twice_is_not_sent_such_a_call(self):
        """A rolling upgrade: the old one says idempotent, the new one does not."""
        ran = []

        def dies(name):
            def handle(peer, request):
                ran.append(name)
                peer.close()

            return handle

        for _ in range(3):
            ran.clear()
            with FakeServer(dies("old"), idempotent=["f"]) as old, FakeServer(dies("new"), others=["f"]) as new:
                with Client(static(old, new)) as client:
                    connected(client, 2)
                    with self.assertRaises(RpcError) as caught:
                        client.call("f", timeout=1)
                    self.assertEqual(caught.exception.executed, "maybe")
            self.assertNotIn("new", ran[1:])

    def test_a_server_that_says_that_a_call_may_not_run_twice_is_believed_whatever_others_say(self):
        for _ in range(3):
            with FakeServer(breaks, others=["f"]) as strict, FakeServer(echo, idempotent=["f"]) as lax:
                with Client(static(strict, lax)) as client:
                    connected(client, 2)
                    while strict.count("f") == 0:
                        try:
                            client.call("f", timeout=60)
                        except ConnectionLost as error:
                            self.assertEqual(error.executed, "maybe")
                            break
                    else:
                        self.fail("a call that may have run was sent again")

    def test_calls_of_before_a_change_are_not_taken_for_idempotent_after_it(self):
        def changes(peer, request):
            server.idempotent, server.others = ["f"], []
            peer.notify("rpc.changed")
            server.heard("rpc.discover", 2)
            peer.answer({"id": server.messages[-1]["id"]}, {"methods": [{"name": "f", "x-idempotent": True}]})
            until(lambda: seen.is_set())
            peer.close()

        seen = threading.Event()

        def handle(peer, request):
            if request["method"] == "g":
                peer.answer(request, None)
                return seen.set()
            threading.Thread(target=changes, args=(peer, request), daemon=True).start()

        with FakeServer(handle, others=["f"]) as server, Client(static(server)) as client:
            call = client.submit("f", timeout=60)
            server.heard("rpc.discover", 2)
            # Behind the answer to the second question, so that it has been read by then.
            client.call("g")
            self.assertIsInstance(call.exception(PATIENCE), ConnectionLost)
            self.assertEqual(server.count("f"), 1)

    def test_what_a_server_said_before_a_change_does_not_count(self):
        def changes(peer, request):
            server.idempotent, server.others = [], ["f"]
            peer.notify("rpc.changed")
            server.heard("rpc.discover", 2)
            peer.close()

        def handle(peer, request):
            threading.Thread(target=changes, args=(peer, request), daemon=True).start()

        with FakeServer(handle, idempotent=["f"]) as server, Client(static(server)) as client:
            with self.assertRaises(ConnectionLost):
                client.call("f", timeout=60)
            self.assertEqual(server.count("f"), 1)

    def test_a_server_that_refuses_calls_at_once_does_not_draw_the_others(self):
        refuses = self.refuses(-32002, executed="no")
        with FakeServer(refuses) as full, FakeServer(echo) as free, Client(static(full, free)) as client:
            connected(client, 2)
            for n in range(40):
                self.assertEqual(client.call("f", [n], timeout=60), [n])
            self.assertLess(full.count("f"), 10)

    def test_a_server_that_drains_gets_no_new_calls_and_keeps_those_it_has(self):
        kept, all_sent = [], threading.Event()

        def answer_later(peer, request):
            def answer():
                all_sent.wait(PATIENCE)
                echo(peer, request)

            threading.Thread(target=answer, daemon=True).start()

        with FakeServer(lambda peer, request: kept.append((peer, request))) as going:
            # If this one answered at once, it might be given all of the calls.
            with FakeServer(answer_later) as staying, Client(static(going, staying)) as client:
                connected(client, 2)
                calls = [client.submit("f", [n], timeout=60) for n in range(6)]
                until(lambda: len(kept) + staying.count("f") == 6)
                self.assertGreater(len(kept), 1)
                all_sent.set()
                going.peers[0].notify("rpc.goaway")
                # The client has read it when it has answered what came behind it.
                peer, request = kept[0]
                peer.answer(request, request["params"])
                next(call for call in concurrent.futures.as_completed(calls) if call.result() == request["params"])
                before = going.count("f")
                for n in range(10):
                    self.assertEqual(client.call("f", [n], timeout=60), [n])
                self.assertEqual(going.count("f"), before)
                for peer, request in kept[1:]:
                    peer.answer(request, request["params"])
                self.assertEqual([call.result(PATIENCE) for call in calls], [[n] for n in range(6)])

    def test_of_many_servers_so_many_are_connected_to_at_once_and_all_in_the_end(self):
        open_now, most = set(), []

        dial = asyncio.BaseEventLoop.create_connection

        async def counted(loop, *more, **options):
            open_now.add(more)
            most.append(len(open_now))
            try:
                await asyncio.sleep(0.01)
                return await dial(loop, *more, **options)
            finally:
                open_now.discard(more)

        servers = [FakeServer(echo) for _ in range(8)]
        try:
            with mock.patch.object(rpc_client, "DIALS_MAX", 3):
                with mock.patch.object(asyncio.BaseEventLoop, "create_connection", counted):
                    with Client(static(*servers)) as client:
                        connected(client, 8)
            self.assertEqual(max(most), 3)
        finally:
            for server in servers:
                server.close()

    def test_hosts_that_may_be_one_machine_are_tried_at_one_pace_and_live_ones_do_not_wait(self):
        core = object.__new__(rpc_client._Core)
        core.loop = mock.Mock(time=lambda: 1000.0)
        many = {
            "names": lambda i: f"n{i}.example",
            "spellings": lambda i: ("0xa.1", "167772161", "10.1")[i % 3],
            "loopback": lambda i: ("localhost", "127.0.0.1", "::1", f"127.1.{i >> 8}.{i & 255}")[i % 4],
            "a network": lambda i: f"2001:db8::{i:x}",
            "mapped": lambda i: ("10.0.0.1", "::ffff:10.0.0.1")[i % 2],
        }
        for what, host in many.items():
            core._paces = {}
            waits = [core.pace(host(i)) for i in range(1112)]
            self.assertEqual(sum(wait == 0 for wait in waits), 513, what)
            self.assertAlmostEqual(waits[-1], 5.99, 2, what)
        core._paces = {}
        self.assertEqual({core.pace(f"10.0.{i >> 8}.{i & 255}") for i in range(1112)}, {0.0})
        core._paces = {}
        for i in range(2000):
            self.assertEqual(core.pace(f"pod-{i}"), 0.0)
            core.came_to_something(f"pod-{i}")

    def test_a_lost_server_is_connected_to_again(self):
        def dies_once(peer, request):
            if server.count("f") == 1:
                peer.close()
            else:
                echo(peer, request)

        with FakeServer(dies_once, idempotent=["f"]) as server, Client(static(server)) as client:
            self.assertEqual(client.call("f", [1]), [1])

    @unittest.skipUnless(sys.platform == "linux", "only Linux has all of 127.0.0.0/8, and drops what a full backlog cannot take")
    def test_a_name_whose_first_address_says_nothing_is_reached_at_the_next(self):
        look_up = socket.getaddrinfo

        def two_addresses(host, *rest, **more):
            hosts = ["127.0.0.2", "127.0.0.1"] if host == "two.example" else [host]
            return [found for one in hosts for found in look_up(one, *rest, **more)]

        with FakeServer(echo) as server, socket.socket() as silent, contextlib.ExitStack() as held:
            silent.bind(("127.0.0.2", server.port))
            silent.listen(0)
            for _ in range(4):
                waiting = held.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(silent.getsockname())
            with mock.patch("socket.getaddrinfo", two_addresses):
                with Client(f"static:two.example:{server.port}") as client:
                    self.assertEqual(client.call("f", [1]), [1])

    def test_a_server_that_is_silent_is_found_out(self):
        def hangs(peer, request):
            silent.answers_pings = False

        with FakeServer(hangs, idempotent=["f"]) as silent, FakeServer(echo, idempotent=["f"]) as other:
            with mock.patch.object(rpc_client, "TICK", 0.1), Client(static(silent, other)) as client:
                connected(client, 2)
                calls = [client.submit("f", [n], timeout=60) for n in range(4)]
                self.assertEqual([call.result(PATIENCE) for call in calls], [[n] for n in range(4)])
                self.assertGreater(silent.count("f"), 0)

    def test_a_server_that_sends_a_part_of_a_long_answer_is_not_silent(self):
        async def hears(part):
            connection = rpc_client._Connection("a server", asyncio.get_running_loop(), lambda: None, 1_000_000)
            transport = mock.MagicMock()
            transport.get_extra_info.return_value = None
            transport.get_write_buffer_size.return_value = 0
            connection.connection_made(transport)
            connection.ask("rpc.ping")
            # The question is written by a task.
            await asyncio.sleep(0)
            for _ in range(rpc_client.TICKS_TO_GIVE_UP):
                if part:
                    connection.data_received(part)
                connection.tick(False)
            is_open = connection.is_open
            connection.break_off("the test is over")
            return is_open

        # On a slow network it takes long until there is a whole one, and of a request until it is read.
        self.assertTrue(asyncio.run(hears(b"x")))
        self.assertTrue(asyncio.run(hears(b"\n")))
        self.assertFalse(asyncio.run(hears(b"")))

    def test_another_connection_is_made_beside_a_silent_one_and_calls_that_may_run_twice_go_there(self):
        def first_is_silent(peer, request):
            if request["method"] == "once":
                peer.hears.clear()
            elif peer is not server.peers[0]:
                echo(peer, request)

        patches = {"TICK": 0.05, "TICKS_TO_GIVE_UP": 10_000}
        with mock.patch.multiple(rpc_client, **patches), FakeServer(first_is_silent, idempotent=["f"]) as server:
            with Client(static(server)) as client:
                calls = [client.submit("f", [n], timeout=PATIENCE) for n in range(4)]
                once = client.submit("once", timeout=PATIENCE)
                self.assertEqual([call.result(PATIENCE) for call in calls], [[n] for n in range(4)])
                self.assertEqual(client.call("f", [7]), [7])
                self.assertEqual((server.count("once"), len(server.peers)), (1, 2))
                self.assertFalse(once.done(), "its answer may come yet")
                server.peers[0].answer(server.heard("once")[0], "late")
                self.assertEqual(once.result(PATIENCE), "late")
                [endpoint] = client._core._endpoints.values()
                until(lambda: not any(former.is_open for former in endpoint._former))
                server.peers[0].hears.set()

    def test_a_call_that_went_to_another_connection_may_have_run_whatever_is_said_there(self):
        def refuses_then(peer, request):
            if peer is server.peers[0]:
                peer.hears.clear()
            else:
                peer.refuse(request, -32602, executed="no")

        patches = {"TICK": 0.05, "TICKS_TO_GIVE_UP": 10_000}
        with mock.patch.multiple(rpc_client, **patches), FakeServer(refuses_then, idempotent=["f"]) as server:
            with Client(static(server)) as client:
                with self.assertRaises(InvalidParams) as caught:
                    client.call("f", timeout=PATIENCE)
                self.assertEqual((server.count("f"), caught.exception.executed), (2, "maybe"))
                server.peers[0].hears.set()

    def test_closing_leaves_nothing_of_a_connection_that_is_being_made_beside_a_silent_one(self):
        begun = threading.Event()

        async def never(*_, **__):
            begun.set()
            await asyncio.get_running_loop().create_future()

        complaints = []
        patches = {"TICK": 0.05, "TICKS_TO_GIVE_UP": 10_000, "HASTE": PATIENCE}
        with mock.patch.multiple(rpc_client, **patches), FakeServer(lambda peer, _: peer.hears.clear()) as server:
            client = Client(static(server))
            connected(client, 1)
            client._loop.set_exception_handler(lambda loop, context: complaints.append(context["message"]))
            with mock.patch.object(client._loop, "create_connection", never):
                client.submit("f", timeout=PATIENCE)
                self.assertTrue(begun.wait(PATIENCE))
                client.close()
            gc.collect()
            self.assertEqual(complaints, [])
            server.peers[0].hears.set()

    def test_a_server_that_is_silent_again_and_again_gets_few_further_connections(self):
        async def lags(pause, most):
            patches = {"TICK": 0.01, "TICKS_TO_GIVE_UP": 10_000, "NEXT_PAUSE": pause, "HASTE": PATIENCE}
            with mock.patch.multiple(rpc_client, **patches), FakeServer(hangs) as server:
                async with AsyncClient(static(server)) as client:
                    calls = []
                    for _ in range(1_000 * rpc_client.FORMER_MAX):
                        calls.append(asyncio.ensure_future(client.call("f", timeout=PATIENCE)))
                        await asyncio.sleep(0.01)
                        if len(server.peers) == most:
                            break
                    await asyncio.sleep(0.3)
                    self.assertEqual(len(server.peers), most)
                    for call in calls:
                        call.cancel()
                for peer in server.peers:
                    peer.hears.set()

        def hangs(peer, request):
            peer.hears.clear()

        asyncio.run(lags(0.02, 1 + rpc_client.FORMER_MAX))
        asyncio.run(lags(PATIENCE, 2))

    def test_a_connection_is_used_until_the_one_that_shows_new_keys_has_been_answered(self):
        async def outdated():
            async with AsyncClient(static(server)) as client:
                self.assertEqual(await client.call("f", [1]), [1])
                [endpoint] = client._core._endpoints.values()
                before = endpoint.connection
                server.answers_pings = False
                before.is_outdated = True
                while len(server.peers) < 2:
                    self.assertEqual(await client.call("f", [2]), [2])
                self.assertIs(endpoint.connection, before)
                self.assertEqual(await client.call("f", [3]), [3])
                server.answers_pings = True
                while endpoint.connection is before:
                    self.assertEqual(await client.call("f", [4]), [4])
                self.assertEqual(await client.call("f", [5]), [5])
                self.assertFalse(before.is_open)

        patches = {"TICK": 0.02, "ANSWER_TIMEOUT": 0.1, "NEXT_PAUSE": 0.1, "TICKS_TO_GIVE_UP": 10_000}
        with mock.patch.multiple(rpc_client, **patches), FakeServer(echo) as server:
            asyncio.run(outdated())

    def test_a_connection_that_has_given_its_place_to_another_is_watched_while_it_has_calls(self):
        def hangs(peer, request):
            peer.hears.clear()

        async def lost(server):
            async with AsyncClient(static(server)) as client:
                calling = asyncio.ensure_future(client.call("f", timeout=25))
                while server.count("f") == 0:
                    await asyncio.sleep(0.005)
                [endpoint] = client._core._endpoints.values()
                endpoint.connection.usable_to = 0
                with self.assertRaises(ConnectionLost):
                    await calling
                self.assertEqual(len(server.peers), 2)
                server.peers[0].hears.set()

        with mock.patch.object(rpc_client, "TICK", 0.1), FakeServer(hangs) as server:
            asyncio.run(lost(server))


class Ends(unittest.TestCase):
    def test_a_call_ends_at_its_deadline_and_the_server_is_told(self):
        with FakeServer(lambda peer, request: None) as server, Client(static(server)) as client:
            connected(client, 1)
            with self.assertRaises(DeadlineExceeded) as caught:
                client.call("f", timeout=0.2)
            self.assertEqual(caught.exception.executed, "maybe")
            self.assertIn("No answer to f within 200 ms (at ", caught.exception.message)
            [request] = server.heard("f")
            self.assertEqual(server.heard("rpc.cancel")[0]["params"], {"id": request["id"]})
            self.assertLessEqual(request["meta"]["timeoutMs"], 200)

    def test_a_call_that_failed_before_its_deadline_says_as_what(self):
        def once(peer, request):
            if server.count("f") == 1:
                peer.refuse(request, -32006, executed="no")

        with FakeServer(once) as server:
            with Client(static(server)) as client:
                with self.assertRaisesRegex(DeadlineExceeded, r"attempt 2 after WorkerLost: .+\)$"):
                    client.call("f", timeout=0.5)

    def test_a_call_that_is_refused_again_waits_from_the_second_time_on(self):
        def refuses(peer, request):
            peer.refuse(request, -32006, executed="no")

        pauses = []

        def next_pause(backoff):
            pauses.append(backoff)
            return 0.0

        with mock.patch.object(rpc_client._Backoff, "next", next_pause):
            with FakeServer(refuses) as server, Client(static(server)) as client:
                connected(client, 1)
                with self.assertRaises(WorkerLost):
                    client.call("f", timeout=60)
                self.assertEqual(server.count("f"), rpc_client.ATTEMPTS_MAX)
        self.assertEqual(len(pauses), rpc_client.ATTEMPTS_MAX - 2)

    def test_without_a_server_a_call_is_unavailable_and_did_not_run(self):
        with fails_soon(), Client(f"static:127.0.0.1:{free_port()}") as client:
            with self.assertRaisesRegex(Unavailable, "Cannot reach any server") as caught:
                client.call("f", timeout=60)
            self.assertEqual(caught.exception.executed, "no")

    def test_a_call_that_is_given_up_is_cancelled_at_the_server(self):
        with FakeServer(lambda peer, request: None) as server, Client(static(server)) as client:
            call = client.submit("f")
            [request] = server.heard("f")
            self.assertTrue(call.cancel())
            self.assertEqual(server.heard("rpc.cancel")[0]["params"], {"id": request["id"]})

    def test_closing_ends_all_calls_and_nothing_hangs(self):
        with FakeServer(lambda peer, request: None) as server:
            client = Client(static(server))
            calls = [client.submit("f") for _ in range(3)]
            server.heard("f", 3)
            client.close()
            client.close()
            for call in calls:
                self.assertIsInstance(call.exception(PATIENCE), Cancelled)
                self.assertEqual(call.exception().executed, "maybe")
            with self.assertRaises(Cancelled) as caught:
                client.call("f")
            self.assertEqual(caught.exception.executed, "no")

    def test_a_callback_that_waits_for_a_call_fails_and_one_that_closes_the_client_does_not(self):
        ends = []

        def waits(_):
            try:
                client.call("f", [2])
            except RuntimeError as error:
                ends.append(str(error))

        def closes(_):
            client.close()
            ends.append("closed")

        with FakeServer(echo) as server:
            client = Client(static(server), timeout=PATIENCE)
            client.submit("f", [1]).add_done_callback(waits)
            until(lambda: len(ends) == 1)
            self.assertIn("must not wait", ends[0])
            self.assertEqual(client.call("f", [3]), [3])
            client.submit("f", [4]).add_done_callback(closes)
            until(lambda: len(ends) == 2)
            until(lambda: not client._thread.is_alive())

    def test_a_peer_that_reads_nothing_costs_its_own_calls_and_what_was_never_written_did_not_run(self):
        with FakeServer(lambda peer, request: peer.hears.clear()) as server, Client(static(server)) as client:
            client.call("rpc.ping")
            server.peers[0].hears.clear()
            calls = [client.submit("f", ["x" * 500_000], timeout=2) for _ in range(60)]
            errors = [call.exception(PATIENCE) for call in calls]
            server.handler = echo
            for peer in server.peers:
                peer.hears.set()
            self.assertTrue(all(isinstance(error, DeadlineExceeded) for error in errors), errors)
            executed = [error.executed for error in errors]
            self.assertEqual((executed[0], executed[-1]), ("maybe", "no"))
            self.assertEqual(client.call("rpc.ping"), "pong")

    def test_calls_that_were_never_written_are_sent_again_when_the_connection_breaks(self):
        with FakeServer(lambda peer, request: None, others=["f"]) as server, Client(static(server)) as client:
            client.call("rpc.ping")
            server.peers[0].hears.clear()
            calls = [client.submit("f", ["x" * 500_000], timeout=60) for _ in range(60)]
            [endpoint] = client._core._preferred
            connection = endpoint.connection
            until(lambda: len(connection._pending) + len(connection._unwritten) == 60)
            server.handler = echo
            server.peers[0].close()
            server.peers[0].hears.set()
            ends = [call.exception(PATIENCE) for call in calls]
            self.assertIsInstance(ends[0], ConnectionLost)
            self.assertEqual((ends[0].executed, ends[-1]), ("maybe", None))

    def test_a_server_that_computes_for_long_and_answers_pings_is_left_its_connection(self):
        def slowly(peer, request):
            threading.Thread(target=answer_after_pings, args=(peer, request), daemon=True).start()

        def answer_after_pings(peer, request):
            server.heard("rpc.ping", 4)
            peer.answer(request, "done")

        with mock.patch.object(rpc_client, "TICK", 0.1):
            with FakeServer(slowly) as server, Client(static(server)) as client:
                # A ping that is answered late, on a busy machine, has it try another one beside it.
                self.assertEqual(client.call("f", timeout=25), "done")
                self.assertEqual(server.count("f"), 1)

    def test_a_client_that_nobody_holds_any_more_ends_its_threads_and_connections(self):
        before = threading.active_count()
        for _ in range(3):
            with FakeServer(echo) as server:
                self.assertEqual(Client(static(server)).call("f", [1]), [1])
                gc.collect()
                until(lambda: not any(thread.name == "rpc client" for thread in threading.enumerate()))
        until(lambda: threading.active_count() <= before)

    def test_a_program_that_never_closes_its_client_ends_at_once_and_without_a_word(self):
        with FakeServer(echo) as server:
            text = (
                "import sys; sys.path.insert(0, sys.argv[1])\n"
                "import rpc_client\n"
                "client = rpc_client.Client(sys.argv[2])\n"
                "print(client.call('f', [1]))\n"
            )
            command = [sys.executable, "-B", "-c", text, os.path.dirname(rpc_client.__file__), static(server)]
            run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
            self.assertEqual((run.returncode, run.stdout, run.stderr), (0, b"[1]" + os.linesep.encode(), b""))

    @unittest.skipUnless(hasattr(signal, "SIGINT") and os.name == "posix", "signals of POSIX")
    def test_ctrl_c_gives_a_call_up_at_its_server(self):
        with FakeServer(lambda peer, request: None) as server, Client(static(server)) as client:
            connected(client, 1)

            def interrupt():
                server.heard("f")
                os.kill(os.getpid(), signal.SIGINT)

            threading.Thread(target=interrupt, daemon=True).start()
            with self.assertRaises(KeyboardInterrupt):
                client.call("f", timeout=60)
            server.heard("rpc.cancel")

    def test_on_windows_no_wait_is_so_long_that_ctrl_c_goes_unheard(self):
        waits = []
        wait = threading.Condition.wait

        def recorded(self, timeout=None):
            if threading.current_thread() is threading.main_thread():
                waits.append(timeout)
            return wait(self, timeout)

        release = threading.Event()
        with FakeServer(lambda peer, message: until(release.is_set) or echo(peer, message)) as server:
            with Client(static(server)) as client, mock.patch.object(sys, "platform", "win32"):
                timer = threading.Timer(0.3, release.set)
                timer.start()
                with mock.patch.object(threading.Condition, "wait", recorded):
                    self.assertEqual(client.call("f", [1], timeout=PATIENCE), [1])
                    with self.assertRaises(rpc_client.DeadlineExceeded):
                        release.clear()
                        client.call("f", [1], timeout=0.05)
                release.set()
        self.assertTrue(waits and all(one is not None and one <= 0.5 for one in waits), waits)

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_client_is_neither_copied_nor_sent_to_another_process(self):
        with FakeServer(echo) as server, Client(static(server)) as client:
            for one in (client, AsyncClient(static(server))):
                for act in (pickle.dumps, copy.copy, copy.deepcopy):
                    with self.subTest((one, act)), self.assertRaisesRegex(TypeError, "make one there"):
                        act(one)
            self.assertEqual(client.call("f", [1]), [1])

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_client_that_was_made_before_a_fork_says_so(self):
        with FakeServer(echo) as server, Client(static(server)) as client:
            self.assertEqual(client.call("f", [1]), [1])
            child = os.fork()
            if child == 0:
                try:
                    client.call("f", [1])
                except Unavailable as error:
                    os._exit(7 if "fork" in str(error) else 1)
                os._exit(1)
            self.assertEqual(os.waitpid(child, 0)[1] >> 8, 7)
            self.assertEqual(client.call("f", [1]), [1])


class Streams(unittest.TestCase):
    def counting(self, total=None, error_at=None):
        """A handler that yields numbers as far as it is granted, and the most that it ever had under way."""
        state = {}

        def handle(peer, request):
            method = request["method"]
            if method == "rpc.cancel":
                return state.clear()
            if method == "rpc.more":
                if state:
                    state["credit"] += request["params"]["n"]
            else:
                state.update(id=request["id"], credit=request["meta"]["stream"], next=0)
            while state and state["credit"] > 0 and state["next"] != total:
                if state["next"] == error_at:
                    return peer.refuse({"id": state["id"]}, -32006)
                peer.notify("rpc.item", {"id": state["id"], "items": [state["next"]]})
                state["next"] += 1
                state["credit"] -= 1
            if state and state["next"] == total:
                if total == 0:
                    peer.notify("rpc.item", {"id": state["id"], "items": []})
                peer.answer({"id": state["id"]}, total)
                state.clear()

        return handle

    def test_items_come_in_order_within_the_credit(self):
        for total in (0, 1, 7, 200):
            for credit in (1, 2, 64):
                with self.subTest((total, credit)), FakeServer(self.counting(total)) as server:
                    with Client(static(server)) as client:
                        self.assertEqual(list(client.stream("f", credit=credit)), list(range(total)))

    def test_leaving_the_loop_stops_the_server(self):
        with FakeServer(self.counting()) as server, Client(static(server)) as client:
            seen = []
            for item in client.stream("f", credit=4):
                seen.append(item)
                if len(seen) == 10:
                    break
            self.assertEqual(seen, list(range(10)))
            server.heard("rpc.cancel")
            granted = 4 + sum(message["params"]["n"] for message in server.messages if message["method"] == "rpc.more")
            self.assertLessEqual(granted, 10 + 4)

    def test_a_stream_that_garbage_collection_leaves_in_the_clients_own_thread_stops_the_server_too(self):
        with FakeServer(self.counting()) as server, Client(static(server), timeout=PATIENCE) as client:
            cycle = [client.stream("f", credit=4)]
            cycle.append(cycle)
            self.assertEqual(next(cycle[0]), 0)
            del cycle
            client._loop.call_soon_threadsafe(gc.collect)
            server.heard("rpc.cancel")
            with FakeServer(echo) as other, Client(static(other)) as again:
                self.assertEqual(again.call("f", [1]), [1])

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_fork_leaves_its_parents_stream_without_a_word(self):
        with FakeServer(self.counting()) as server:
            text = (
                "import os, sys; sys.path.insert(0, sys.argv[1])\n"
                "import rpc_client\n"
                "client = rpc_client.Client(sys.argv[2])\n"
                "items = client.stream('f', credit=4)\n"
                "print(next(items), flush=True)\n"
                "child = os.fork()\n"
                "if child == 0:\n"
                "    del items\n"
                "    os._exit(0)\n"
                "os.waitpid(child, 0)\n"
                "print(next(items))\n"
            )
            command = [sys.executable, "-B", "-W", "ignore", "-c", text]
            command += [os.path.dirname(rpc_client.__file__), static(server)]
            run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
            self.assertEqual((run.returncode, run.stdout.split(), run.stderr), (0, [b"0", b"1"], b""))

    def test_a_program_ends_though_a_stream_was_not_read_to_its_end_and_calls_come_late(self):
        with FakeServer(self.counting()) as server:
            text = (
                "import atexit, sys; sys.path.insert(0, sys.argv[1])\n"
                "import rpc_client\n"
                "client = None\n"
                "def late():\n"
                "    try: client.call('f', timeout=60)\n"
                "    except rpc_client.Cancelled as error: print(error)\n"
                "atexit.register(late)\n"
                "client = rpc_client.Client(sys.argv[2])\n"
                "items = client.stream('f', credit=4)\n"
                "print(next(items))\n"
            )
            command = [sys.executable, "-B", "-c", text, os.path.dirname(rpc_client.__file__), static(server)]
            run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
            said = run.stdout.decode().splitlines()
            self.assertEqual((run.returncode, said, run.stderr), (0, ["0", "The client is closed"], b""))

    def test_what_is_no_stream_has_its_result_as_the_only_item(self):
        with FakeServer(echo) as server, Client(static(server)) as client:
            self.assertEqual(list(client.stream("f", [1])), [[1]])

    def test_an_error_ends_a_stream_after_its_items_which_is_not_sent_again(self):
        with FakeServer(self.counting(error_at=3), idempotent=["f"]) as server, Client(static(server)) as client:
            seen = []
            with self.assertRaises(WorkerLost) as caught:
                for item in client.stream("f"):
                    seen.append(item)
            self.assertEqual((seen, caught.exception.executed, server.count("f")), ([0, 1, 2], "maybe", 1))

    def test_before_its_first_item_a_stream_is_sent_again(self):
        counting = self.counting(3)

        def dies_first(peer, request):
            if server.count("f") == 1 and request["method"] == "f":
                peer.close()
            else:
                counting(peer, request)

        with FakeServer(dies_first, idempotent=["f"]) as server, Client(static(server)) as client:
            self.assertEqual(list(client.stream("f")), [0, 1, 2])

    def test_a_server_that_sends_more_than_was_granted_loses_its_connection(self):
        def floods(peer, request):
            if request["method"] == "f":
                peer.notify("rpc.item", {"id": request["id"], "items": list(range(100))})

        with FakeServer(floods) as server, Client(static(server)) as client:
            with self.assertRaises(ConnectionLost):
                list(client.stream("f", credit=2))

    def test_the_deadline_is_over_the_whole_stream(self):
        with FakeServer(self.counting()) as server, Client(static(server)) as client:
            connected(client, 1)
            with self.assertRaises(DeadlineExceeded):
                for _ in client.stream("f", timeout=0.3):
                    pass
            server.heard("rpc.cancel")


class Asyncio(unittest.TestCase):
    def test_calls_streams_and_cancelling_by_asyncio(self):
        cancelled = threading.Event()

        def handle(peer, request):
            if request["method"] == "rpc.cancel":
                cancelled.set()
            elif request["method"] == "items":
                peer.notify("rpc.item", {"id": request["id"], "items": [1, 2]})
                peer.answer(request, 2)
            elif request["method"] != "hang":
                echo(peer, request)

        async def main(registry):
            async with AsyncClient(registry) as client:
                answers = await asyncio.gather(*(client.call("f", [n]) for n in range(50)))
                self.assertEqual(answers, [[n] for n in range(50)])
                self.assertEqual([item async for item in client.stream("items")], [1, 2])
                self.assertEqual(await client.procedures(timeout=60).f(a=1), {"a": 1})
                self.assertEqual([item async for item in client.streams().items()], [1, 2])
                hanging = asyncio.ensure_future(client.call("hang"))
                await asyncio.get_running_loop().run_in_executor(None, server.heard, "hang")
                hanging.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await hanging
                while not cancelled.is_set():
                    await asyncio.sleep(0.005)
                closing = asyncio.ensure_future(client.call("hang"))
                while server.count("hang") == 1:
                    await asyncio.sleep(0.005)
            with self.assertRaises(Cancelled):
                await closing
            with self.assertRaises(Cancelled):
                await client.call("f")

        with FakeServer(handle) as server:
            asyncio.run(asyncio.wait_for(main(static(server)), PATIENCE))

    def test_closing_ends_also_in_the_very_turn_in_which_an_attempt_to_connect_does(self):
        transport = mock.Mock()

        async def main(end):
            attempt = asyncio.get_running_loop().create_future()
            begun = asyncio.Event()

            def connect(*_, **__):
                begun.set()
                return attempt

            with mock.patch.object(asyncio.get_running_loop(), "create_connection", connect):
                async with AsyncClient("static:127.0.0.1:1"):
                    await begun.wait()
                    end(attempt)

        for end in (
            lambda attempt: attempt.set_exception(OSError("refused")),
            lambda attempt: attempt.set_result((transport, mock.Mock())),
        ):
            asyncio.run(asyncio.wait_for(main(end), PATIENCE))
        transport.abort.assert_called_once_with()


if __name__ == "__main__":
    unittest.main()
