"""What the client makes of lines, and which lines it makes."""

import dataclasses
import datetime
import decimal
import enum
import json
import numbers
import os
import pathlib
import pickle
import runpy
import sys
import unittest
import unittest.mock
import uuid
from typing import NamedTuple

import fake_server
import rpc_client
from rpc_client import InvalidParams, RpcError, decode_reply, encode_request, error_of, plain_params


def outcome_of(line: str):
    """In the form of the vectors."""
    try:
        message = decode_reply(line.encode())
    except RpcError as error:
        return {"refused": error.name}
    if "id" not in message:
        return {"notification": message["method"]}
    if message.get("error") is None:
        return {"id": message["id"], "result": message["result"]}
    error = error_of(message["error"])
    told = {"name": error.name, "executed": error.executed, "message": error.message}
    return {"id": message["id"], "error": told if error.issues is None else dict(told, issues=error.issues)}


class Replies(unittest.TestCase):
    def test_each_vector_of_replies_is_read_as_it_says(self):
        path = os.path.join(fake_server.ROOT, "tests", "vectors", "replies.json")
        with open(path, encoding="utf-8") as file:
            vectors = json.load(file)["vectors"]
        self.assertGreater(len(vectors), 20)
        for vector in vectors:
            with self.subTest(vector["name"]):
                self.assertEqual(outcome_of(vector["line"]), vector["expect"])

    def test_what_is_nearly_json_is_refused(self):
        for line in (
            b'{"jsonrpc":"2.0","id":1,"result":NaN}',
            b'{"jsonrpc":"2.0","id":1,"result":-Infinity}',
            b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"result":1}',
            '{"jsonrpc":"2.0","id":1,"result":1}'.encode("utf-16-le"),
            b'{"jsonrpc":"2.0","id":1,"result":"\xff"}',
            b"[" * 500_000,
        ):
            with self.subTest(line[:50]), self.assertRaises(rpc_client.ParseError):
                decode_reply(line)

    def test_numbers_are_those_that_were_sent_or_are_told_of(self):
        line = b'{"jsonrpc":"2.0","id":1,"result":[9007199254740993,1.0,0.1]}'
        self.assertEqual(decode_reply(line)["result"], [9007199254740993, 1.0, 0.1])
        self.assertEqual(decode_reply(line)["unheld"], [])
        self.assertEqual(decode_reply(b'{"jsonrpc":"2.0","id":1,"result":1e999}')["unheld"], ["1e999"])
        for number in (b"1e-400", b"9007199254740993.0", b"-9007199254740993e0", b"123456789012345678e3"):
            with self.subTest(number):
                line = b'{"jsonrpc":"2.0","id":1,"result":[%s]}' % number
                self.assertEqual(decode_reply(line)["unheld"], [number.decode()])
        for number in (b"0e-400", b"1e23", b"1.7976931348623157e308", b"9007199254740992.0", b"9.2233720368547758e+18"):
            with self.subTest(number):
                line = b'{"jsonrpc":"2.0","id":1,"result":[%s]}' % number
                self.assertEqual(decode_reply(line)["unheld"], [])
        digits = b'{"jsonrpc":"2.0","id":1,"result":' + b"9" * 5000 + b"}"
        if hasattr(sys, "get_int_max_str_digits"):
            self.assertEqual(len(decode_reply(digits)["unheld"]), 1)
        else:
            self.assertEqual(decode_reply(digits)["result"], 10**5000 - 1)

    def test_ids_that_are_none_of_ours_are_no_answers(self):
        for number in ("true", "9007199254740992", "9" * 400, '"%s"' % ("x" * 257), "[]"):
            with self.subTest(number), self.assertRaises(rpc_client.InvalidRequest):
                decode_reply(('{"jsonrpc":"2.0","id":%s,"result":1}' % number).encode())


class Color(enum.Enum):
    RED = "red"


class Opaque(enum.Enum):
    FIRST = object()


class Size(str, enum.Enum):
    BIG = "big"


@dataclasses.dataclass
class Point:
    x: int
    tags: list


class Pair(NamedTuple):
    left: int
    right: tuple


class Model:
    """With what a model of pydantic 2 can do."""

    model_validate_json = None

    def model_dump(self, mode, by_alias):
        return {"Name" if by_alias else "name": mode, "day": datetime.date(2026, 1, 2)}


class Number:
    """A number of another package, as numpy's are."""

    def __init__(self, value):
        self.value = value

    def __int__(self):
        return self.value

    def __float__(self):
        return float(self.value)

    def __eq__(self, other):
        return self.value == other


@numbers.Integral.register
class Whole(Number):
    pass


@numbers.Real.register
class Real(Number):
    pass


class Requests(unittest.TestCase):
    def sent(self, params):
        line = encode_request(7, "f", plain_params("f", params), 5.0)
        self.assertEqual(line.count(b"\n"), 1)
        request = json.loads(line)
        self.assertEqual((request["jsonrpc"], request["id"], request["method"]), ("2.0", 7, "f"))
        self.assertEqual(request["meta"], {"timeoutMs": 5000})
        return request.get("params")

    def test_values_arrive_as_they_are(self):
        moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
        number = uuid.UUID(int=5)
        # As numpy's comparisons give it: no number to Python, and no bool.
        truth = type("bool", (), {"__module__": "numpy", "__bool__": lambda self: True})
        for params, expected in (
            (None, None),
            ([], None),
            ({}, None),
            ([1, 2**70, -0.5, True, None, "世界\n\u2028"], [1, 2**70, -0.5, True, None, "世界\n\u2028"]),
            ((1, (2, 3)), [1, [2, 3]]),
            ({"a": {"b": []}}, {"a": {"b": []}}),
            ([Color.RED, Size.BIG], ["red", "big"]),
            ([Point(1, ["a"])], [{"x": 1, "tags": ["a"]}]),
            ([Pair(1, (2,))], [{"left": 1, "right": [2]}]),
            ([[Model()]], [[{"Name": "json", "day": "2026-01-02"}]]),
            ([Whole(2**62 + 1), Real(0.5)], [2**62 + 1, 0.5]),
            ([Opaque.FIRST, pathlib.PurePosixPath("/a/b")], ["FIRST", "/a/b"]),
            ([moment, number], ["2026-01-02T03:04:05+00:00", str(number)]),
            ([truth()], [True]),
        ):
            with self.subTest(params):
                self.assertEqual(self.sent(params), expected)

    def test_a_key_arrives_as_its_letters_whatever_its_class_prints(self):
        class Name(str, enum.Enum):
            FIRST = "first"

        self.assertEqual(plain_params("f", [{Name.FIRST: 1}]), [{"first": 1}])
        self.assertEqual(plain_params("f", {Name.FIRST: {Name.FIRST: Name.FIRST}}), {"first": {"first": "first"}})

    def test_what_would_arrive_as_something_else_is_refused_with_its_place(self):
        deep = []
        for _ in range(63):
            deep = [deep]
        endless = []
        endless.append(endless)
        shared = [0]
        for _ in range(40):
            shared = [shared, shared]
        bound, rpc_client.VALUES_MAX = rpc_client.VALUES_MAX, 10_000
        self.addCleanup(setattr, rpc_client, "VALUES_MAX", bound)
        # As pandas' NaT, which is a datetime and equals nothing.
        no_time = type("NaT", (datetime.datetime,), {"__eq__": lambda self, other: False, "__hash__": None})
        for params, pattern in (
            ([1, float("nan")], r"\[1\] is nan"),
            ({"a": [float("inf")]}, r"a\[0\] is inf"),
            ([{1: 2}], r"\[0\] has the key 1"),
            ([{"a": {None: 2}}], r"\[0\]\.a has the key None"),
            ([b"x"], r"\[0\] is of type bytes.*b64encode"),
            ([{1, 2}], r"type set.*list\(value\)"),
            ([object()], "type object"),
            ([no_time(2026, 1, 1)], "type NaT.*None"),
            ([decimal.Decimal(1)], r"type Decimal.*str\(value\)"),
            ([Point], "type type.*a dict"),
            ([datetime.timedelta(1)], r"type timedelta.*value\.total_seconds\(\)"),
            ([1j], r"type complex.*\[value\.real, value\.imag\]"),
            ([iter([1])], r"type list_iterator.*list\(value\)"),
            ([print], "type builtin_function_or_method.*what it returns"),
            ([ValueError("x")], r"type ValueError.*str\(value\)"),
            (["\ud800"], "half a character"),
            (["x" * 1024 * 1024], "bytes long"),
            (["世" * 400_000], "bytes long"),
            (deep, "nested too deep"),
            (endless, "nested too deep"),
            (shared, "values"),
            ("text", "as a list or a dict"),
            (5, "as a list or a dict"),
        ):
            with self.subTest(pattern), self.assertRaisesRegex(InvalidParams, pattern) as caught:
                self.sent(params)
            self.assertEqual(caught.exception.executed, "no")

    def test_a_message_of_64_levels_and_one_of_1_mib_are_sent(self):
        deep = []
        for _ in range(62):
            deep = [deep]
        self.assertEqual(self.sent(deep), deep)
        empty = len(encode_request(7, "f", [""], 5.0))
        fits = "x" * (rpc_client.MESSAGE_MAX_LEAST - empty)
        self.assertEqual(len(encode_request(7, "f", [fits], 5.0)), rpc_client.MESSAGE_MAX_LEAST)

    def test_a_deadline_of_less_than_a_millisecond_does_not_ask_to_be_refused(self):
        self.assertEqual(json.loads(encode_request(1, "f", None, 0.0001))["meta"]["timeoutMs"], 1)


class Versions(unittest.TestCase):
    def test_an_older_python_is_told_what_it_takes(self):
        with unittest.mock.patch.object(sys, "version_info", (3, 7, 16)):
            with self.assertRaisesRegex(ImportError, "needs Python 3.8 or later: this is 3.7"):
                runpy.run_path(rpc_client.__file__)


class Errors(unittest.TestCase):
    def test_the_errors_are_those_of_the_protocol(self):
        path = os.path.join(fake_server.ROOT, "docs", "PROTOCOL.md")
        with open(path, encoding="utf-8") as file:
            rows = [line.split("|") for line in file if line.startswith("| -32")]
        told = {int(code): (name.strip(), executed.split(";")[0].strip()) for _, code, name, _, executed, _ in rows}
        kinds = {kind.code: (kind.__name__, kind.usually) for kind in rpc_client._ERRORS}
        self.assertEqual(kinds, told)

    def test_an_error_passes_between_processes(self):
        error = rpc_client.InvalidParams("No", "yes", [{"path": [0], "message": "m"}])
        copy = pickle.loads(pickle.dumps(error))
        self.assertEqual((type(copy), str(copy), copy.executed, copy.issues), (InvalidParams, "No", "yes", error.issues))


if __name__ == "__main__":
    unittest.main()
