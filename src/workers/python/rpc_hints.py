"""Type hints as JSON Schemas, and as checks that turn JSON into what a function expects."""

import base64
import binascii
import collections
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import json
import re
import types
import typing
import uuid
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

from rpc_models import model_schema, read_model
from rpc_values import Issue, Path, Sends, Unfit, is_model, plain

Schema = Dict[str, Any]
INTEGER_KEY = r"^-?\d{1,18}$"

Convert = Callable[[Any, Path], Any]
"""Returns the value as the function expects it; raises Unfit."""


class Hint(NamedTuple):
    """What a type hint comes to."""

    schema: Schema
    convert: Convert

    @property
    def sends(self) -> Sends:
        """What of it a result may hold that JSON has not, as the schema says it."""
        return frozenset(kind for kind, mark in _SENT.items() if _has(self.schema, *mark))


_SENT: Dict[type, Tuple[str, Any]] = {
    bytes: ("contentEncoding", "base64"),
    set: ("type", "array"),
    decimal.Decimal: ("type", ["string", "number"]),
    int: ("propertyNames", {"pattern": INTEGER_KEY}),
}


def _has(schema: Any, name: str, value: Any) -> bool:
    if isinstance(schema, dict):
        return schema.get(name) == value or any(_has(one, name, value) for one in schema.values())
    return isinstance(schema, list) and any(_has(one, name, value) for one in schema)


class Bounds:
    """Bounds for Annotated, as in `Annotated[int, Bounds(ge=1, le=10)]`; those of annotated_types work too."""

    def __init__(
        self,
        *,
        ge: Any = None,
        gt: Any = None,
        le: Any = None,
        lt: Any = None,
        multiple_of: Any = None,
        min_length: "int | None" = None,
        max_length: "int | None" = None,
        pattern: "str | None" = None,
    ) -> None:
        self.ge, self.gt, self.le, self.lt = ge, gt, le, lt
        self.multiple_of, self.pattern = multiple_of, pattern
        self.min_length, self.max_length = min_length, max_length


anything = Hint({}, lambda value, path: value)

_NUMERIC_BOUNDS: Tuple[Tuple[str, str, str, Callable[[Any, Any], bool]], ...] = (
    ("ge", "minimum", "at least", lambda value, bound: value >= bound),
    ("gt", "exclusiveMinimum", "more than", lambda value, bound: value > bound),
    ("le", "maximum", "at most", lambda value, bound: value <= bound),
    ("lt", "exclusiveMaximum", "less than", lambda value, bound: value < bound),
    ("multiple_of", "multipleOf", "a multiple of", lambda value, bound: value % bound == 0),
)

_TEXTS: Dict[Any, Tuple[str, Callable[[str], Any]]] = {
    datetime.datetime: ("date-time", lambda text: datetime.datetime.fromisoformat(_zoned(text))),
    datetime.date: ("date", datetime.date.fromisoformat),
    datetime.time: ("time", lambda text: datetime.time.fromisoformat(_zoned(text))),
    uuid.UUID: ("uuid", uuid.UUID),
}

_ARRAYS: Dict[Any, Callable[[List[Any]], Any]] = {
    list: list,
    collections.deque: collections.deque,
    set: set,
    frozenset: frozenset,
    collections.abc.Set: set,
    collections.abc.MutableSet: set,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Collection: list,
    collections.abc.Iterable: list,
}

_OBJECTS = (dict, collections.OrderedDict, collections.abc.Mapping, collections.abc.MutableMapping)

_UNIONS = (typing.Union, getattr(types, "UnionType", typing.Union))


def hint_of(annotation: Any) -> Hint:
    """The schema and the check of an annotation. What is not known is anything."""
    if annotation is Any or annotation is object or isinstance(annotation, str):
        return anything
    simple = _simple(annotation)
    if simple is not None:
        return simple
    metadata = getattr(annotation, "__metadata__", None)
    if metadata is not None:
        return _bounded(hint_of(annotation.__origin__), metadata)
    supertype = getattr(annotation, "__supertype__", None)
    if supertype is not None:
        return hint_of(supertype)
    if type(annotation).__name__ == "TypeAliasType":
        return _alias(annotation)
    origin = typing.get_origin(annotation) or annotation
    arguments = typing.get_args(annotation)
    if origin in _UNIONS and arguments:
        return _union(arguments)
    if origin is typing.Literal:
        try:
            return _choice(list(arguments))
        except Unfit:
            return anything  # Bytes, for example, of which JSON has none.
    if type(origin).__name__ in ("_TypedDictMeta",):
        return _typed_dict(origin)
    if not isinstance(origin, type):
        return anything
    if origin is tuple:
        return _tuple(arguments)
    if origin in _ARRAYS:
        return _array(hint_of(arguments[0]) if arguments else anything, _ARRAYS[origin])
    if origin in _OBJECTS:
        return _object(arguments)
    if issubclass(origin, enum.Enum):
        return _enum(origin)
    if dataclasses.is_dataclass(origin):
        return _dataclass(origin)
    if is_model(origin):
        return Hint(model_schema(origin), lambda value, path: read_model(origin, value, path))
    if issubclass(origin, tuple) and hasattr(origin, "_fields"):
        return _named_tuple(origin)
    return anything


def _simple(annotation: Any) -> "Hint | None":
    if annotation is None or annotation is type(None):
        return Hint({"type": "null"}, _kind("null", lambda value: value is None))
    if annotation is bool:
        return Hint({"type": "boolean"}, _kind("true or false", lambda value: isinstance(value, bool)))
    if annotation is str:
        return Hint({"type": "string"}, _kind("a string", lambda value: isinstance(value, str)))
    if annotation is int:
        return Hint({"type": "integer"}, _integer)
    if annotation is float:
        return Hint({"type": "number"}, _number)
    if annotation is decimal.Decimal:
        return Hint({"type": ["string", "number"]}, _decimal)
    if annotation in (bytes, bytearray):
        schema = {"type": "string", "format": "base64", "contentEncoding": "base64"}
        return Hint(schema, lambda value, path: annotation(_bytes(value, path)))
    # By name: to load pathlib only to compare would cost every worker its start.
    if isinstance(annotation, type) and annotation.__module__.split(".")[0] == "pathlib":
        return Hint({"type": "string"}, lambda value, path: annotation(_path(value, path)))
    try:
        known = _TEXTS.get(annotation)
    except TypeError:
        return None
    return None if known is None else _formatted(*known)


def _refuse(path: Path, value: Any, expected: str) -> Unfit:
    return Unfit([(path, f"must be {expected}, not {_shown(value)}")])


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "an array"
    if isinstance(value, dict):
        return "an object"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:40]}..."


def _kind(expected: str, fits: Callable[[Any], bool]) -> Convert:
    def convert(value: Any, path: Path) -> Any:
        if fits(value):
            return value
        raise _refuse(path, value, expected)

    return convert


def _integer(value: Any, path: Path) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    # JSON has one kind of number: 3.0 is an integer there.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise _refuse(path, value, "an integer")


def _number(value: Any, path: Path) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise _refuse(path, value, "a number that a float can hold") from None
    raise _refuse(path, value, "a number")


def _decimal(value: Any, path: Path) -> decimal.Decimal:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            return decimal.Decimal(str(value))
        except decimal.InvalidOperation:
            pass
    raise _refuse(path, value, "a decimal number")


def _bytes(value: Any, path: Path) -> bytes:
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise _refuse(path, value, "base64 in a string")


def _path(value: Any, path: Path) -> str:
    if isinstance(value, str) and "\0" not in value:
        return value
    raise _refuse(path, value, "a path in a string")


def _zoned(text: str) -> str:
    """Python before 3.11 does not know that Z is UTC."""
    return f"{text[:-1]}+00:00" if text[-1:] in ("Z", "z") else text


def _formatted(form: str, read: Callable[[str], Any]) -> Hint:
    def convert(value: Any, path: Path) -> Any:
        if isinstance(value, str):
            try:
                return read(value)
            except ValueError:
                pass
        raise _refuse(path, value, f"a {form} in a string")

    return Hint({"type": "string", "format": form}, convert)


def _flat(metadata: Tuple[Any, ...]) -> Iterator[Any]:
    """Each bound by itself: `Field(ge=1, description="...")` of pydantic holds several."""
    for one in metadata:
        inner = getattr(one, "metadata", None)
        if isinstance(inner, list):
            yield from inner
            if isinstance(getattr(one, "description", None), str):
                yield one.description
        else:
            yield one


def _bounded(hint: Hint, metadata: Tuple[Any, ...]) -> Hint:
    schema, checks = dict(hint.schema), []
    for one in _flat(metadata):
        if isinstance(one, str):
            schema["description"] = one
        elif isinstance(one, range) and one.step == 1:
            one = Bounds(ge=one.start, lt=one.stop)
        for name, keyword, words, fits in _NUMERIC_BOUNDS:
            bound = getattr(one, name, None)
            if bound is not None and not callable(bound):
                schema[keyword] = bound
                checks.append((f"{words} {bound}", fits, bound))
        # A check of another library has attributes of these names that are anything.
        least, most = getattr(one, "min_length", None), getattr(one, "max_length", None)
        what = "Items" if schema.get("type") == "array" else "Length"
        if isinstance(least, int) and least > 0:
            schema[f"min{what}"] = least
            checks.append((f"of length {least} or more", lambda value, n: len(value) >= n, least))
        if isinstance(most, int):
            schema[f"max{what}"] = most
            checks.append((f"of length {most} or less", lambda value, n: len(value) <= n, most))
        pattern = getattr(one, "pattern", None)
        if isinstance(pattern, str):
            schema["pattern"] = pattern
            checks.append((f"a text like {pattern}", lambda v, p: re.search(p, v) is not None, pattern))

    def convert(value: Any, path: Path) -> Any:
        converted = hint.convert(value, path)
        for words, fits, bound in checks:
            try:
                is_fit = fits(converted, bound)
            except TypeError:
                continue
            if not is_fit:
                raise _refuse(path, value, words)
        return converted

    return Hint(schema, convert)


def _union(arguments: Tuple[Any, ...]) -> Hint:
    hints = [hint_of(argument) for argument in arguments]
    exact = [argument for argument in arguments if argument in (int, float, str, bool)]

    def convert(value: Any, path: Path) -> Any:
        # A float that is whole stays one, and 3 stays an int, where the union has both.
        if type(value) in exact:
            return value
        problems: List[Issue] = []
        for hint in hints:
            try:
                return hint.convert(value, path)
            except Unfit as unfit:
                problems += unfit.issues
        inner = [issue for issue in problems if len(issue[0]) > len(path)]
        if inner:
            raise Unfit(inner)
        words = [message.split(", not ")[0].replace("must be ", "") for _, message in problems]
        raise _refuse(path, value, " or ".join(dict.fromkeys(words)))

    return Hint({"anyOf": [hint.schema for hint in hints]}, convert)


def _choice(values: List[Any], make: "Callable[[Any], Any] | None" = None) -> Hint:
    shown = [plain(value) for value in values]

    def convert(value: Any, path: Path) -> Any:
        for index, one in enumerate(shown):
            if type(one) is type(value) and one == value:
                return values[index] if make is None else make(index)
        raise _refuse(path, value, f"one of {', '.join(map(_shown, shown))}")

    schema: Dict[str, Any] = {"enum": shown}
    types = {type(one) for one in shown}
    if types in ({str}, {int}):
        # As schemas in TypeScript say it: choices without a type are taken for any JSON.
        schema["type"] = "string" if types == {str} else "integer"
    return Hint(schema, convert)


def _enum(kind: Any) -> Hint:
    if issubclass(kind, enum.Flag):
        return _flag(kind)
    members = list(kind)
    try:
        return _choice([member.value for member in members], lambda index: members[index])
    except Unfit:
        # Its values are nothing that JSON has, so its names are sent.
        return _choice([member.name for member in members], lambda index: members[index])


def _flag(kind: Any) -> Hint:
    """Any sum of its members, as one is sent: 0 is none of them."""
    expected = f"0 or a sum of {', '.join(str(member.value) for member in kind)}"
    bits = 0
    for member in kind.__members__.values():
        bits |= member.value

    def convert(value: Any, path: Path) -> Any:
        number = _integer(value, path)
        try:
            # Some kinds take any bits, and remember each number that ever came.
            if number & ~bits == 0:
                return kind(number)
        except ValueError:
            pass
        raise _refuse(path, value, expected)

    return Hint({"type": "integer", "minimum": 0}, convert)


def _array(item: Hint, make: Callable[[List[Any]], Any]) -> Hint:
    def convert(value: Any, path: Path) -> Any:
        if not isinstance(value, list):
            raise _refuse(path, value, "an array")
        items = [item.convert(one, path + (index,)) for index, one in enumerate(value)]
        try:
            return make(items)
        except TypeError:
            raise Unfit([(path, "must be an array of what a set can hold")]) from None

    return Hint({"type": "array", "items": item.schema}, convert)


def _tuple(arguments: Tuple[Any, ...]) -> Hint:
    if not arguments:
        return _array(anything, tuple)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return _array(hint_of(arguments[0]), tuple)
    hints = [hint_of(argument) for argument in arguments if argument != ()]

    def convert(value: Any, path: Path) -> Any:
        if not isinstance(value, list) or len(value) != len(hints):
            raise _refuse(path, value, f"an array of {len(hints)}")
        return tuple(hint.convert(value[i], path + (i,)) for i, hint in enumerate(hints))

    items = [hint.schema for hint in hints]
    size = len(items)
    return Hint({"type": "array", "prefixItems": items, "minItems": size, "maxItems": size}, convert)


def _object(arguments: Tuple[Any, ...]) -> Hint:
    key, member = map(hint_of, arguments) if len(arguments) == 2 else (anything, anything)
    has_integer_keys = bool(arguments) and arguments[0] is int

    def convert(value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            raise _refuse(path, value, "an object")
        converted = {}
        for name, one in value.items():
            at = path + (name,)
            # The keys of JSON are strings, also those that are numbers to Python.
            is_integer = has_integer_keys and re.fullmatch(INTEGER_KEY, name)
            known = key.convert(int(name) if is_integer else name, at)
            if known in converted:
                raise Unfit([(at, "is the same key as another one: only one of them could be kept")])
            converted[known] = member.convert(one, at)
        return converted

    schema: Schema = {"type": "object", "additionalProperties": member.schema}
    if has_integer_keys:
        schema["propertyNames"] = {"pattern": INTEGER_KEY}
    return Hint(schema, convert)


def _typed_dict(kind: Any) -> Hint:
    hints = hints_of(kind)
    required = getattr(kind, "__required_keys__", None)
    if required is None:
        required = hints if kind.__total__ else ()
    # `from __future__ import annotations` hides the marks of members from Python itself.
    marks = {name: _marks(one) for name, one in _annotations(kind).items()}
    required = {n for n in hints if "Required" in marks[n] or n in required and "NotRequired" not in marks[n]}
    return _members(hints, frozenset(required), lambda values: values)


def _dataclass(kind: Any) -> Hint:
    known = hints_of(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    hints = {field.name: known.get(field.name, anything) for field in fields}
    missing = dataclasses.MISSING
    required = frozenset(
        f.name for f in fields if f.default is missing and f.default_factory is missing
    )
    return _members(hints, required, lambda values: kind(**values))


def _named_tuple(kind: Any) -> Hint:
    known = hints_of(kind)
    hints = {name: known.get(name, anything) for name in kind._fields}
    required = frozenset(hints) - frozenset(kind._field_defaults)
    return _members(hints, required, lambda values: kind(**values))


def _members(hints: Dict[str, Hint], required: "frozenset[str]", make: Callable[[Any], Any]) -> Hint:
    def convert(value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            raise _refuse(path, value, "an object")
        issues: List[Issue] = [(path + (name,), "is not known") for name in value if name not in hints]
        issues += [(path + (name,), "is missing") for name in hints if name in required and name not in value]
        converted = {}
        for name, hint in hints.items():
            if name not in value:
                continue
            try:
                converted[name] = hint.convert(value[name], path + (name,))
            except Unfit as unfit:
                issues += unfit.issues
        if issues:
            raise Unfit(issues)
        try:
            return make(converted)
        except (TypeError, ValueError) as error:
            # What its own constructor has against it.
            raise Unfit([(path, str(error) or type(error).__name__)]) from error

    properties = {name: hint.schema for name, hint in hints.items()}
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = [name for name in hints if name in required]
    return Hint(schema, convert)


_being_read: List[Any] = []


def _alias(alias: Any) -> Hint:
    """Of `type Name = ...`, whose value is computed when it is asked for: a name may be missing."""
    if _is_being_read(alias):
        return anything
    _being_read.append(alias)
    try:
        return hint_of(alias.__value__)
    except NameError:
        return anything
    finally:
        _being_read.pop()


def _is_being_read(owner: Any) -> bool:
    """What holds itself would never end: inside, anything goes."""
    return any(owner is one for one in _being_read)


def hints_of(owner: Any) -> Dict[str, Hint]:
    """The hints of a function's parameters or a class's members, by name; what cannot be read is left out."""
    if _is_being_read(owner):
        return {name: anything for name in getattr(owner, "__annotations__", {})}
    _being_read.append(owner)
    try:
        return {name: hint_of(_unwrapped(one)) for name, one in _annotations(owner).items()}
    finally:
        _being_read.pop()


def item_hint_of(function: Any) -> Hint:
    """What a generator yields, if its hint is Iterator[X], Generator[X, ...] or the like."""
    returned = _annotations(function).get("return")
    arguments = typing.get_args(returned)
    return hint_of(_unwrapped(arguments[0])) if arguments and hasattr(typing.get_origin(returned), "__mro__") else anything


def _annotations(owner: Any) -> Dict[str, Any]:
    extras: Any = {"include_extras": True} if hasattr(typing, "Annotated") else {}
    try:
        return typing.get_type_hints(owner, **extras)
    except Exception:  # A name that only a type checker knows, or syntax of a later Python.
        return dict(getattr(owner, "__annotations__", {}))


def _unwrapped(annotation: Any) -> Any:
    """Of Required[X], NotRequired[X], ReadOnly[X], Final[X] the X."""
    return _unwrapped(typing.get_args(annotation)[0]) if _mark(annotation) else annotation


def _marks(annotation: Any) -> List[str]:
    """The names of all marks around an annotation."""
    mark = _mark(annotation)
    return [mark, *_marks(typing.get_args(annotation)[0])] if mark else []


def _mark(annotation: Any) -> str:
    name = str(typing.get_origin(annotation)).rsplit(".", 1)[-1]
    return name if name in ("Required", "NotRequired", "ReadOnly", "Final") else ""

