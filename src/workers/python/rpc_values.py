"""Values on their way to and from JSON: what arrives is what was sent, or it is refused with its place."""

import base64
import collections
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import json
import math
import numbers
import os
import uuid
from typing import Any, FrozenSet, List, Tuple, Union

MESSAGE_BYTES_MAX = int(os.environ.get("RPC_MESSAGE_MAX", 4 * 1024 * 1024))
"""A message is no longer, its line feed included (docs/PROTOCOL.md, P-5): the server says how long."""

NESTING_MAX = 62
"""Levels of a result, so that its answer still fits a batch (P-17)."""

Path = Tuple[Union[str, int], ...]

Issue = Tuple[Path, str]
"""What is wrong with a parameter, and where."""


class Unfit(Exception):
    """A value that JSON cannot express, or that its type does not allow: where, and why."""

    def __init__(self, issues: List[Issue]) -> None:
        super().__init__("; ".join(said(path, message) for path, message in issues))
        self.issues = issues


def said(path: Path, message: str) -> str:
    """An issue in words."""
    return f"{place(path)} {message}" if path else message


def place(path: Path) -> str:
    """A place as Python would write it: `users[3].name`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text[1:] if text.startswith(".") else text


class _PastRange(float):
    """A number that Python's float cannot hold: it would become an infinity, nothing, or another integer."""


class _PastDigits(int):
    """An integer of more digits than Python reads."""


def _read_float(text: str) -> float:
    value = float(text)
    if value == 0:
        # Of digits that are not all zeros too little was left.
        return _PastRange(value) if text.lower().split("e")[0].strip("-.0") else value
    return _PastRange(value) if math.isinf(value) or _is_rounded(text, value) else value


def _is_rounded(text: str, value: float) -> bool:
    """Whether the text is an integer that would become another one. Fractions may be rounded."""
    if abs(value) < 2**53:
        return False
    exact = decimal.Decimal(text)
    digits = len("".join(map(str, exact.as_tuple().digits)).strip("0"))
    # Rounded to as many digits it must be the same: C programs write 17 of any number.
    return exact == exact.to_integral_value() and exact != decimal.Decimal(f"{value:.{digits - 1}e}")


def _read_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return _PastDigits(0)


def read(line: Union[str, bytes]) -> Any:
    """The value of a JSON text. Numbers that Python cannot hold are marked: see `check_numbers`."""
    return json.loads(line, parse_float=_read_float, parse_int=_read_int)


def check_numbers(value: Any, path: Path = ()) -> None:
    """Refuses the numbers that `read` marked."""
    kind = type(value)
    if kind is _PastRange or kind is _PastDigits:
        raise Unfit([(path, "is a number that Python cannot hold: send it as a string")])
    if kind is list:
        for index, item in enumerate(value):
            check_numbers(item, path + (index,))
    elif kind is dict:
        for name, item in value.items():
            check_numbers(item, path + (name,))


Sends = FrozenSet[type]
"""Types that a function's hint names, and whose values may be sent as its schema says: a set as an array."""

_TRUTHS = (("numpy", "bool"), ("numpy", "bool_"))
"""What numpy's comparisons give, by name: it is no number to Python, and not loaded here."""

NONE_SAID: Sends = frozenset()


def write(value: Any, sends: Sends = NONE_SAID) -> str:
    """The JSON text of what a function returned; refuses what would arrive as something else."""
    return json.dumps(plain(value, sends=sends), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def plain(value: Any, path: Path = (), depth: int = 0, sends: Sends = NONE_SAID) -> Any:
    """The same value, of nothing but what JSON has."""
    kind = type(value)
    if kind is str:
        return _text(value, path)
    if value is None or kind is bool or kind is int:
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        raise Unfit([(path, f"is {value}, and JSON has no such number: return None or a string")])
    if isinstance(value, enum.Enum):
        try:
            return plain(value.value, path, depth)
        except Unfit:
            return value.name  # As it is read: its values are nothing that JSON has.
    if depth >= NESTING_MAX:
        raise Unfit([(path, f"is nested deeper than {NESTING_MAX} levels: return something flatter")])
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        value = {name: getattr(value, name) for name in value._fields}  # A NamedTuple, as it is read.
    if isinstance(value, _sequences(sends)):
        return [plain(item, path + (index,), depth + 1, sends) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return _members(value, path, depth, sends)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name), path + (name,), depth + 1, sends) for name in names}
    if is_model(kind):
        return plain(value.model_dump(mode="json", by_alias=True), path, depth, sends)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)) and value == value:
        return value.isoformat()  # But not of pandas' NaT, which is no time.
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, os.PathLike) and isinstance(value.__fspath__(), str):
        return _text(value.__fspath__(), path)
    if isinstance(value, (bytes, bytearray, memoryview)) and bytes in sends:
        return base64.b64encode(value).decode()
    if isinstance(value, decimal.Decimal) and decimal.Decimal in sends and value.is_finite():
        return str(value)
    if isinstance(value, str):
        return _text(str.__str__(value), path)  # Its letters, whatever its class makes of str().
    if isinstance(value, numbers.Integral):
        return int(value)  # Another package's too, such as numpy's.
    if (kind.__module__, kind.__name__) in _TRUTHS:
        return bool(value)
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
        same = float(value)
        if same == value or value != value:
            return plain(same, path, depth)
    raise Unfit([(path, f"is {_named(value)}, which JSON cannot express: {_instead(value)}")])


def is_model(kind: Any) -> bool:
    """Whether it is a class of models, by what those of pydantic 2 can do: it is not loaded here."""
    names = ("model_validate_json", "model_json_schema", "model_dump")
    return isinstance(kind, type) and all(callable(getattr(kind, name, None)) for name in names)


def _text(value: str, path: Path) -> str:
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unfit([(path, "is a text with half a character (a lone surrogate)")]) from None
    return value


def _sequences(sends: Sends) -> Any:
    return (list, tuple, set, frozenset, collections.deque, range) if set in sends else (list, tuple)


def _members(value: Any, path: Path, depth: int, sends: Sends) -> Any:
    members = {}
    for key in value:
        name = _key(key, path, sends)
        if name in members:
            raise Unfit([(path, f"has two keys that are {name!r} in JSON: return other keys")])
        members[name] = plain(value[key], path + (name,), depth + 1, sends)
    return members


def _key(key: Any, path: Path, sends: Sends) -> str:
    if isinstance(key, enum.Enum):
        key = plain(key)
    if isinstance(key, str):
        return _text(str.__str__(key), path)
    if isinstance(key, numbers.Integral) and not isinstance(key, bool) and int in sends:
        return str(int(key))
    raise Unfit([(path, f"has the key {key!r}, and keys must be strings: return {{str(key): ...}}")])


def _named(value: Any) -> str:
    name = type(value).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"


def _instead(value: Any) -> str:
    """What to return in its place."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "return base64.b64encode(value).decode()"
    if isinstance(value, (set, frozenset)):
        return "return sorted(value) or list(value)"
    if isinstance(value, complex):
        return "return [value.real, value.imag]"
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return "return None"
    for method in ("tolist", "to_dict", "_asdict", "item", "total_seconds"):
        if callable(getattr(value, method, None)):
            return f"return value.{method}()"
    if hasattr(value, "__aiter__"):
        return "return [item async for item in value], or yield the items in the function itself"
    if hasattr(value, "__next__"):
        return "return list(value), or yield the items in the function itself"
    if hasattr(value, "__await__"):
        return "await it in an async function"
    if isinstance(value, collections.abc.Iterable):
        return "return list(value)"
    if callable(value):
        return "return what it returns"
    if isinstance(value, BaseException) or type(value).__str__ is not object.__str__:
        return "return str(value)"
    return "return a dict, or make its class a dataclass"
