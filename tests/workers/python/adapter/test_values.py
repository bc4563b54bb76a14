"""Parameters by type hints, and results."""

import base64
import datetime
import enum
import fractions
import numbers
import os
import sys
import unittest

from running import ADAPTER, Failed, Worker

FILE = '''
import collections, dataclasses, datetime, decimal, enum, pathlib, uuid
from typing import *
from rpc import Bounds, caller

class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"

class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2

class Odd(enum.Enum):
    THING = object()

class Flags(enum.Enum):
    A = enum.auto()
    B = enum.auto()

class Rights(enum.Flag):
    READ = 1
    WRITE = 2
    RUN = 8

class Mode(enum.IntFlag):
    A = 1
    B = 2

@dataclasses.dataclass
class Inner:
    when: datetime.datetime
    data: bytes = b""

@dataclasses.dataclass
class Outer:
    name: str
    inner: Inner
    many: List[Inner] = dataclasses.field(default_factory=list)
    maybe: Optional["Outer"] = None

class Picky:
    pass

@dataclasses.dataclass
class Positive:
    n: int
    def __post_init__(self):
        if self.n < 0:
            raise ValueError("n must not be negative")

class Movie(TypedDict):
    title: str
    year: int

class Partial(TypedDict, total=False):
    a: int

class Pair(NamedTuple):
    left: int
    right: str = "r"

UserId = NewType("UserId", int)

def new_type(x: UserId) -> UserId: return x
def starred(*xs: int): return xs
def literal(x: Literal["a", 1, None, True]): return [type(x).__name__, x]
def bytes_literal(x: Literal[b"x"] = b"x"): return str(x)
def movie(x: Movie): return x
def partial(x: Partial): return x
def nested(x: Outer) -> Outer: return x
def positive(x: Positive): return x.n
def color(x: Color) -> Color: return x
def level(x: Level): return [type(x).__name__, x]
def odd_enum(x: Odd) -> Odd: return x
def flags(x: Flags) -> Flags: return x
def rights(x: Rights) -> List[Any]: return [type(x).__name__, x, bool(x & Rights.READ)]
def mode(x: Mode) -> Mode: return x
def integer(x: int): return x
def number(x: float): return [type(x).__name__, x]
def decimal_(x: decimal.Decimal) -> decimal.Decimal: return x * 2
def unsaid_decimal(): return decimal.Decimal("1.5")
def moment(x: datetime.datetime): return [x.isoformat(), x.tzinfo is not None]
def day(x: datetime.date) -> datetime.date: return x
def clock(x: datetime.time) -> datetime.time: return x
def identity(x: uuid.UUID) -> uuid.UUID: return x
def octets(x: bytes) -> bytes: return x + b"!"
def many_octets(x: List[bytes]) -> Dict[str, List[bytes]]: return {"all": x}
def unsaid_octets(): return b"x"
def unique(x: Set[int]) -> Set[int]: return x
def frozen(x: FrozenSet[str]) -> FrozenSet[str]: return x
def unsaid_set(): return {1}
def queue(x: Deque[int]) -> Deque[int]: return x
def place(x: pathlib.Path, y: Optional[pathlib.PurePosixPath] = None): return [x / "b", type(y).__name__]
def counted(n: int) -> List[int]: return range(n)
def unsaid_range(): return range(2)
def unsaid_span(): return datetime.timedelta(1)
async def unsaid_items():
    async def items():
        yield 1
    return items()
def unsaid_view(): return {"a": 1}.values()
def by_number(x: Dict[int, str]) -> Dict[int, str]: return {k + 1: v for k, v in x.items()}
def by_color(x: Dict[Color, int]) -> Dict[Color, int]: return x
def unsaid_keys(): return {1: 2}
def pair(x: Pair) -> Pair: return x
def pairs(x: Tuple[int, str], *rest: Tuple[float, ...]): return [x, rest]
def union(x: Union[int, float, str, None]): return [type(x).__name__, x]
def either(x: Union[Movie, List[int]]): return x
def unknown(x: Picky, y: "Nowhere" = 1): return [type(x).__name__, y]
def none(x: None) -> None: return x
def anything(x: Any, y: object = None, z=3): return [x, y, z]
def huge(): return 10 ** 5000
def exact(): return [2**53 + 1, -(2**64), 1.0]
def who(): return caller()
def octet_stream(n: int) -> Iterator[bytes]:
    for i in range(n):
        yield bytes([i])
async def set_stream(n: int) -> AsyncIterator[Set[int]]:
    for i in range(n):
        yield {i}
'''

ANNOTATED = '''
from typing import Annotated, List, Optional
from rpc import Bounds

def bounded(x: Annotated[int, Bounds(ge=1, le=10, multiple_of=3)]): return x
def open_bounds(x: Annotated[float, Bounds(gt=0, lt=1)]): return x
def text(x: Annotated[str, Bounds(min_length=2, max_length=3, pattern="^[a-z]+$")]): return x
def items(x: Annotated[List[Annotated[int, Bounds(ge=0)]], Bounds(max_length=2)]): return x
def maybe(x: Optional[Annotated[int, Bounds(ge=1)]] = None): return x
def ranged(x: Annotated[int, range(1, 5)]): return x
def told(x: Annotated[int, "How many"]): return x
'''

POSTPONED = '''
from __future__ import annotations
from typing import NotRequired, Required, TypedDict

class Base(TypedDict):
    a: int
    b: NotRequired[int]

class Both(Base, total=False):
    c: Required[int]
    d: int

def both(x: Both): return x
'''


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

    def __hash__(self):
        return hash(self.value)


@numbers.Integral.register
class Whole(Number):
    pass


@numbers.Real.register
class Real(Number):
    pass


class Values(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worker = Worker(FILE)

    @classmethod
    def tearDownClass(cls):
        cls.worker.close()

    def test_what_fits_is_made_into_what_the_hint_says(self):
        moment = "2026-01-02T03:04:05"
        inner = {"when": f"{moment}+00:00", "data": "aGk="}
        outer = {"name": "o", "inner": inner, "many": [inner], "maybe": None}
        for method, params, result in (
            ("literal", ["a"], ["str", "a"]),
            ("literal", [1], ["int", 1]),
            ("literal", [None], ["NoneType", None]),
            ("literal", [True], ["bool", True]),
            ("bytes_literal", [], "b'x'"),
            ("movie", [{"title": "t", "year": 1}], {"title": "t", "year": 1}),
            ("partial", [{}], {}),
            ("nested", [outer], outer),
            ("nested", [dict(outer, maybe=outer)], dict(outer, maybe=outer)),
            ("positive", [{"n": 1}], 1),
            ("color", ["red"], "red"),
            ("level", [2], ["Level", 2]),
            ("rights", [0], ["Rights", 0, False]),
            ("rights", [11], ["Rights", 11, True]),
            ("rights", [2.0], ["Rights", 2, False]),
            ("mode", [3], 3),
            ("odd_enum", ["THING"], "THING"),
            ("flags", [2], 2),
            ("integer", [2**70], 2**70),
            ("integer", [3.0], 3),
            ("number", [3], ["float", 3.0]),
            ("decimal_", ["0.1"], "0.2"),
            ("decimal_", [1], "2"),
            ("moment", [f"{moment}Z"], [f"{moment}+00:00", True]),
            ("moment", [f"{moment}.123Z"], [f"{moment}.123000+00:00", True]),
            ("moment", [moment], [moment, False]),
            ("day", ["2026-01-02"], "2026-01-02"),
            ("clock", ["03:04:05"], "03:04:05"),
            ("identity", ["00000000-0000-0000-0000-000000000005"], "00000000-0000-0000-0000-000000000005"),
            ("octets", ["aGk="], base64.b64encode(b"hi!").decode()),
            ("many_octets", [["aGk=", ""]], {"all": ["aGk=", ""]}),
            ("unique", [[1, 1]], [1]),
            ("frozen", [["a"]], ["a"]),
            ("queue", [[1, 2]], [1, 2]),
            ("place", ["a"], [os.path.join("a", "b"), "NoneType"]),
            ("place", ["a", "c"], [os.path.join("a", "b"), "PurePosixPath"]),
            ("counted", [3], [0, 1, 2]),
            ("by_number", [{"1": "a"}], {"2": "a"}),
            ("by_color", [{"red": 1}], {"red": 1}),
            ("pair", [{"left": 1}], {"left": 1, "right": "r"}),
            ("pairs", [[1, "a"], [1, 2.5]], [[1, "a"], [[1.0, 2.5]]]),
            ("union", [1.0], ["float", 1.0]),
            ("union", ["1"], ["str", "1"]),
            ("union", [None], ["NoneType", None]),
            ("either", [[1]], [1]),
            ("unknown", [5], ["int", 1]),
            ("none", [None], None),
            ("anything", [{"a": [1]}], [{"a": [1]}, None, 3]),
            ("exact", [], [2**53 + 1, -(2**64), 1.0]),
            ("octet_stream", [2], ["AA==", "AQ=="]),
            ("set_stream", [2], [[0], [1]]),
        ):
            with self.subTest((method, params)):
                self.assertEqual(self.worker.call(method, *params), result)

    def test_what_does_not_fit_is_told_of_by_its_place(self):
        for method, params, path in (
            ("literal", ["b"], [0]),
            ("literal", [False], [0]),
            ("literal", [1.0], [0]),
            ("movie", [{"title": "t"}], [0, "year"]),
            ("movie", [{"title": "t", "year": 1, "more": 2}], [0, "more"]),
            ("partial", [{"a": "1"}], [0, "a"]),
            ("nested", [{"name": "o", "inner": {"when": "x"}}], [0, "inner", "when"]),
            ("positive", [{"n": -1}], [0]),
            ("color", ["RED"], [0]),
            ("level", [3], [0]),
            ("level", ["1"], [0]),
            ("rights", [4], [0]),
            ("rights", [-1], [0]),
            ("rights", ["READ"], [0]),
            ("mode", [4], [0]),
            ("mode", [-1], [0]),
            ("odd_enum", ["thing"], [0]),
            ("integer", [True], [0]),
            ("integer", ["1"], [0]),
            ("new_type", ["1"], [0]),
            ("starred", [1, "2"], [1]),
            ("number", [10**400], [0]),
            ("decimal_", ["x"], [0]),
            ("decimal_", [True], [0]),
            ("moment", ["yesterday"], [0]),
            ("moment", [5], [0]),
            ("day", ["2026-02-30"], [0]),
            ("identity", ["5"], [0]),
            ("octets", ["a"], [0]),
            ("octets", ["%%%%"], [0]),
            ("place", [5], [0]),
            ("place", ["a\0b"], [0]),
            ("unique", [[[1]]], [0, 0]),
            ("by_number", [{"x": "a"}], [0, "x"]),
            ("by_number", [{"1": "a", "01": "b"}], [0, "01"]),
            ("by_color", [{"green": 1}], [0, "green"]),
            ("pair", [{"right": "r"}], [0, "left"]),
            ("pairs", [[1]], [0]),
            ("pairs", [[1, "a"], ["x"]], [1, 0]),
            ("union", [[]], [0]),
            ("none", [0], [0]),
        ):
            with self.subTest((method, params)), self.assertRaises(Failed) as caught:
                self.worker.call(method, *params)
            failed = caught.exception
            self.assertEqual((failed.code, failed.data["executed"]), (-32602, "no"), failed.message)
            self.assertEqual(failed.data["issues"][0]["path"], path)
        with self.assertRaises(Failed) as caught:
            self.worker.call("starred", named={"*xs": [1, "2"]})
        self.assertEqual(caught.exception.data["issues"][0]["path"], ["*xs", 1])

    def test_results_that_json_has_not_are_sent_where_the_hint_says_how_and_else_refused(self):
        for method, pattern in (
            ("unsaid_octets", "b64encode"),
            ("unsaid_set", r"sorted\(value\)"),
            ("unsaid_keys", "keys must be strings"),
            ("unsaid_decimal", r"str\(value\)"),
            ("unsaid_range", r"list\(value\)"),
            ("unsaid_view", r"list\(value\)"),
            ("unsaid_items", r"an async_generator.*item async for item in value"),
            ("unsaid_span", r"value.total_seconds\(\)"),
        ):
            with self.subTest(method), self.assertRaisesRegex(Failed, pattern) as caught:
                self.worker.call(method)
            self.assertEqual((caught.exception.code, caught.exception.data["executed"]), (-32603, "yes"))

    def test_a_number_past_what_python_holds_is_refused_however_small(self):
        sys.path.insert(0, ADAPTER)
        try:
            import rpc_values
        finally:
            sys.path.remove(ADAPTER)
        for text in (
            *("1e400", "-1E400", "1e-400", "-0.00010e-400", "2e-324"),
            *("9007199254740993.0", "-90071992547409930E-1", "123456789012345678e3"),
        ):
            with self.subTest(text), self.assertRaises(rpc_values.Unfit):
                rpc_values.check_numbers(rpc_values.read(f'[{{"a": {text}}}]'))
        same = (("0.0", 0.0), ("-0.00E5", 0.0), ("0e-400", 0.0), ("5e-324", 5e-324), ("9007199254740992.5", 2.0**53))
        same += (("9.2233720368547758e+18", 2.0**63), ("-9.9999999999999992E+22", -1e23), ("1e23", 1e23))
        for text, value in same:
            self.assertEqual(rpc_values.read(text), value)
            rpc_values.check_numbers(rpc_values.read(text))

    def test_keys_and_texts_arrive_as_their_letters_and_none_is_lost(self):
        sys.path.insert(0, ADAPTER)
        try:
            import rpc_values
        finally:
            sys.path.remove(ADAPTER)

        class Loud(str):
            def __str__(self):
                return "loud"

        class Color(enum.Enum):
            RED = "red"

        self.assertEqual(rpc_values.plain({Loud("a"): [Loud("b")], Color.RED: 1}), {"a": ["b"], "red": 1})
        for value in ({Color.RED: 1, "red": 2}, {1: "a", "1": "b"}):
            with self.subTest(value), self.assertRaisesRegex(rpc_values.Unfit, "^a has two keys that are '(red|1)' in"):
                rpc_values.plain({"a": value}, sends=frozenset([int]))
        with self.assertRaisesRegex(rpc_values.Unfit, "^has the key True, and keys must be strings"):
            rpc_values.plain({True: "a"}, sends=frozenset([int]))

    def test_numbers_of_other_packages_are_sent_if_they_arrive_as_the_same(self):
        sys.path.insert(0, ADAPTER)
        try:
            import rpc_values
        finally:
            sys.path.remove(ADAPTER)
        self.assertEqual(rpc_values.write({"a": [Whole(2**62 + 1), Real(2.0)]}), '{"a":[4611686018427387905,2.0]}')
        # As numpy's comparisons give it: no number to Python, and no bool.
        truth = type("bool", (), {"__module__": "numpy", "__bool__": lambda self: True})
        self.assertEqual(rpc_values.write([truth()]), "[true]")
        self.assertEqual(rpc_values.plain({Whole(7): 1}, sends=frozenset([int])), {"7": 1})
        # As pandas' NaT, which is a datetime and equals nothing.
        no_time = type("NaT", (datetime.datetime,), {"__eq__": lambda self, other: False, "__hash__": None})
        for value in (Real(float("nan")), Real(2**53 + 1), fractions.Fraction(1, 2), no_time(2026, 1, 1)):
            with self.subTest(value), self.assertRaises(rpc_values.Unfit):
                rpc_values.plain(value)

    def test_an_integer_of_any_length_is_sent_or_refused(self):
        if hasattr(sys, "get_int_max_str_digits"):
            with self.assertRaisesRegex(Failed, "huge failed: ValueError"):
                self.worker.call("huge")
        else:
            self.assertEqual(self.worker.call("huge"), 10**5000)

    def test_schemas_say_what_is_taken_and_sent(self):
        def schema(method, member="params"):
            found = self.worker.methods[method][member]
            return found[0]["schema"] if member == "params" else found["schema"]

        octets = {"type": "string", "format": "base64", "contentEncoding": "base64"}
        self.assertEqual(schema("literal"), {"enum": ["a", 1, None, True]})
        self.assertEqual(schema("odd_enum"), {"enum": ["THING"], "type": "string"})
        self.assertEqual(schema("level"), {"enum": [1, 2], "type": "integer"})
        self.assertEqual(schema("octets", "result"), octets)
        self.assertEqual(schema("octet_stream", "result"), octets)
        self.assertEqual(schema("set_stream", "result")["type"], "array")
        self.assertEqual(schema("movie")["required"], ["title", "year"])
        self.assertNotIn("required", schema("partial"))
        self.assertEqual(schema("nested")["properties"]["inner"]["properties"]["when"]["format"], "date-time")
        self.assertEqual(schema("place"), {"type": "string"})
        self.assertEqual(schema("integer"), {"type": "integer"})
        self.assertEqual(schema("new_type"), {"type": "integer"})
        self.assertEqual(schema("starred"), {"type": "array", "items": {"type": "integer"}})
        self.assertEqual(schema("unknown"), {})

    def test_the_caller_is_who_the_server_says(self):
        self.assertIsNone(self.worker.call("who"))
        self.assertEqual(self.worker.call("who", meta={"caller": "bob"}), "bob")
        self.assertIsNone(self.worker.call("who"))


@unittest.skipIf(sys.version_info < (3, 9), "Annotated came with Python 3.9")
class AnnotatedBounds(unittest.TestCase):
    def test_bounds_hold_inside_of_anything_and_stand_in_the_schema(self):
        with Worker(ANNOTATED) as worker:
            for method, good, bad in (
                ("bounded", [3, 9], [0, 12, 4]),
                ("open_bounds", [0.5], [0, 1]),
                ("text", ["ab", "abc"], ["a", "abcd", "AB"]),
                ("items", [[], [0, 1]], [[-1], [1, 2, 3]]),
                ("maybe", [None, 1], [0]),
                ("ranged", [1, 4], [0, 5]),
            ):
                for value in good:
                    self.assertEqual(worker.call(method, value), value)
                for value in bad:
                    with self.subTest((method, value)), self.assertRaises(Failed) as caught:
                        worker.call(method, value)
                    self.assertEqual(caught.exception.data["executed"], "no")
            schemas = {name: method["params"][0]["schema"] for name, method in worker.methods.items()}
            self.assertEqual(schemas["bounded"], {"type": "integer", "minimum": 1, "maximum": 10, "multipleOf": 3})
            self.assertEqual(schemas["told"], {"type": "integer", "description": "How many"})


@unittest.skipIf(sys.version_info < (3, 11), "Required and NotRequired came with Python 3.11")
class PostponedAnnotations(unittest.TestCase):
    def test_members_are_required_as_marked_where_annotations_are_text(self):
        with Worker(POSTPONED) as worker:
            self.assertEqual(worker.methods["both"]["params"][0]["schema"]["required"], ["a", "c"])
            self.assertEqual(worker.call("both", {"a": 1, "c": 2}), {"a": 1, "c": 2})


if __name__ == "__main__":
    unittest.main()
