"""Calls the functions that `rpc serve` publishes, from Python 3.8 or later: copy this one file.

    from rpc_client import Client

    with Client() as client:
        print(client.call("fib", [32], timeout=5))

`Client` is for ordinary code and may be used by many threads, `AsyncClient` for asyncio. Both find
the servers in the registry that `rpc call` would take (`RPC_REGISTRY`, else what
`rpc config set registry` has set, else `local:`), keep one connection to each as they come and go,
spread the calls, and send a call again where that is safe. Where this machine has keys
(`rpc keys join`) they speak TLS 1.3 and nothing else. `zookeeper:` needs the package kazoo; all
else is in the standard library.

How a call failed is told by the class of the error, and whether it may have run by `executed`:
"no", "maybe" or "yes". What is on the wire is told by docs/PROTOCOL.md of rpc.
"""

# JSON has no types that a strict checker would know. What programs use is fully typed.
# pyright: standard

import sys

if sys.version_info < (3, 8):
    # Before anything that an older one lacks: its error would not tell what to do.
    raise ImportError("rpc_client needs Python 3.8 or later: this is %d.%d" % sys.version_info[:2])

import asyncio
import collections
import concurrent.futures
import dataclasses
import datetime
import decimal
import enum
import hashlib
import ipaddress
import json
import logging
import math
import numbers
import os
import random
import re
import ssl
import stat
import threading
import time
import uuid
import weakref
from typing import Any, AsyncIterator, Callable, Coroutine, Deque, Dict, FrozenSet, Iterable, Iterator
from typing import List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, Type, Union
from urllib.parse import parse_qsl, unquote

__all__ = ["AsyncClient", "Client", "RpcError"]  # And each error below, by its name.

log = logging.getLogger("rpc_client")

Params = Union[Sequence[Any], Mapping[str, Any]]

# Bounds: each is what the servers keep to, or what rpc's own client does.

MESSAGE_MAX_DEFAULT = 4 * 1024 * 1024
"""Longest message that a client takes unless it is told otherwise, in bytes, its line feed included."""

MESSAGE_MAX_LEAST = 1024 * 1024
"""What every server takes, also one that says nothing of it."""

MESSAGE_MAX_MOST = 1024 * 1024 * 1024
"""Largest bound that a client may set, and that servers understand."""

VALUES_MAX = 16 * 1024 * 1024
"""Values in the parameters of one call: of such as share their parts, a few lines make more than there is memory."""

NESTING_MAX = 64
"""Levels of arrays and objects in a message, its own included."""

METHOD_LENGTH_MAX = 256
ID_LENGTH_MAX = 256
ID_NUMBER_MAX = 2**53 - 1

TIMEOUT_DEFAULT = 10.0
TIMEOUT_MAX = 86_400.0

CREDIT_DEFAULT = 64
CREDIT_MAX = 65_536

ATTEMPTS_MAX = 8

WORKERS_LOST_MAX = 2
"""A call that killed its worker may be what kills workers: it gets one more and no others."""

WAITING_CALLS_MAX = 65_536
OUTBOX_BYTES_MAX = 4 * 1024 * 1024

UNAVAILABLE_AFTER = 1.5
"""How long a call waits while no server is connected, in seconds like all times here."""

HOPE_PERIOD = 0.1
GATHERING_MAX = 0.1

CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 2.0
ADDRESS_DELAY = 0.25
TICK = 0.25
TICKS_TO_ASK = 4
TICKS_TO_GIVE_UP = 12

TICKS_TO_SAY_HELLO = 240
"""A server closes a connection on which nothing comes for ten minutes: it is pinged once a minute."""

TICKS_TO_LOOK_AT_KEYS = 4
"""Keys are renewed once a year: a look at their files now and then is enough."""

IN_FLIGHT_JUDGED = 512
BYTES_JUDGED = 16 * 1024 * 1024
"""With so much pending a server may have stopped reading: then its silence proves nothing."""

CTRL_C_EVERY = 0.1
"""How long Ctrl-C can go unheard while a call waits on Windows."""

HASTE = 0.4
HASTY_MAX = 8
# How long no other connection is made beside the one in use after one was, and how many former ones are kept.
NEXT_PAUSE = 5.0
FORMER_MAX = 4
# How much longer than its server's certificate a connection is used if no other one can be made.
CERTIFICATE_GRACE = 5.0
HOST_TRIES_AT_ONCE = 512
HOST_TRIES_PER_SECOND = 100
HOSTS_PACED_MAX = 1024

DIALS_MAX = 128
"""Handshakes under way at once: who writes to a registry decides how many servers there are."""

LATE_MAX = 5
"""Calls in a row that end at their deadlines before a server is left alone for a while."""

EJECTION = 30.0
CANDIDATES_MAX = 8
LACKING_MAX = 10_000

LAST_KNOWN_BYTES_MAX = 16 * 1024 * 1024
INSTANCE_BYTES_MAX = 256 * 1024
READS_AT_ONCE = 64
KEY_FILE_BYTES_MAX = 64 * 1024

LOCAL_LOOK_EVERY = 0.1
LOCAL_ASK_EVERY = 1.0
RECONCILE_EVERY = 30.0


# Errors


class RpcError(Exception):
    """How a call failed. `executed` says whether it may have run; `issues` what is wrong with parameters."""

    code = -32603
    usually = "yes"

    def __init__(self, message: str, executed: Optional[str] = None, issues: Optional[List[Any]] = None) -> None:
        super().__init__(message)
        self.message = message
        self.executed = executed or self.usually
        self.issues = issues

    @property
    def name(self) -> str:
        """The error's name in the protocol."""
        return type(self).__name__

    def __reduce__(self) -> Any:
        return type(self), (self.message, self.executed, self.issues)


class ParseError(RpcError):
    """The line was no JSON."""

    code, usually = -32700, "no"


class InvalidRequest(RpcError):
    """The message was no request, or too long."""

    code, usually = -32600, "no"


class MethodNotFound(RpcError):
    """No server that could be asked offers the method."""

    code, usually = -32601, "no"


class InvalidParams(RpcError):
    """The parameters do not fit, here or at the server. `issues` tells which."""

    code, usually = -32602, "no"
    _bytes: Optional[int] = None
    """Of a message that was not sent, since its server takes none as long: its length."""


class InternalError(RpcError):
    """The function raised, or returned what cannot be sent."""

    code, usually = -32603, "yes"


class DeadlineExceeded(RpcError):
    """The call did not end in time."""

    code, usually = -32001, "maybe"


class Overloaded(RpcError):
    """More calls wait than the servers can do."""

    code, usually = -32002, "no"


class Draining(RpcError):
    """The server is about to stop."""

    code, usually = -32003, "no"


class Cancelled(RpcError):
    """The call was given up, or the client was closed."""

    code, usually = -32004, "maybe"


class Unauthenticated(RpcError):
    """The server does not know who calls: see `rpc keys join`."""

    code, usually = -32005, "no"


class WorkerLost(RpcError):
    """The process that ran the call died."""

    code, usually = -32006, "maybe"


class PermissionDenied(RpcError):
    """The server knows who calls, and that caller may not."""

    code, usually = -32007, "no"


class Unavailable(RpcError):
    """There is no server to send the call to."""

    code, usually = -32010, "no"


class ConnectionLost(RpcError):
    """The connection broke under the call."""

    code, usually = -32011, "maybe"


_ERRORS: Tuple[Type[RpcError], ...] = (
    ParseError,
    InvalidRequest,
    MethodNotFound,
    InvalidParams,
    InternalError,
    DeadlineExceeded,
    Overloaded,
    Draining,
    Cancelled,
    Unauthenticated,
    WorkerLost,
    PermissionDenied,
    Unavailable,
    ConnectionLost,
)
__all__ += [kind.__name__ for kind in _ERRORS]

_BY_CODE = {kind.code: kind for kind in _ERRORS}
_OF_CLIENTS = (Unavailable, ConnectionLost)
_WORTH_ANOTHER = (MethodNotFound, Overloaded, Draining, WorkerLost, ConnectionLost)
_EXECUTED = ("no", "maybe", "yes")


def _worse(one: str, other: str) -> str:
    return max(one, other, key=_EXECUTED.index)


# Messages


def decode_reply(line: bytes) -> Dict[str, Any]:
    """A server's line as an answer (with `id`) or a notification; raises what it is in place of one.

    Numbers that Python cannot hold are told of under `unheld`.
    """
    unheld: List[str] = []
    try:
        message = _read(line.decode("utf-8"), unheld)
    except (ValueError, RecursionError):
        raise ParseError("Cannot read a line that is not JSON") from None
    if isinstance(message, dict) and message.get("jsonrpc") == "2.0":
        error = message.get("error", _ABSENT)
        if _is_id(message.get("id", _ABSENT)):
            if "result" in message if error is _ABSENT else _is_error(error):
                return dict(message, unheld=unheld)
        if isinstance(message.get("method"), str) and isinstance(message.get("params", {}), (dict, list)):
            return {"method": message["method"], "params": message.get("params"), "unheld": unheld}
    raise InvalidRequest("Cannot read the message as a JSON-RPC 2.0 answer or notification")


_ABSENT = object()


def _read(text: str, unheld: List[str]) -> Any:
    def read_float(digits: str) -> float:
        value = float(digits)
        if math.isinf(value) or _is_other_number(digits, value):
            unheld.append(digits[:20])
        return value

    def read_int(digits: str) -> int:
        try:
            return int(digits)
        except ValueError:  # More digits than Python reads.
            unheld.append(digits[:20])
            return 0

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    try:
        return json.loads(text, parse_float=read_float, parse_constant=refuse)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.loads(text, parse_float=read_float, parse_int=read_int, parse_constant=refuse)


def _is_other_number(digits: str, value: float) -> bool:
    """Whether an integer was rounded, or a number became zero. Other fractions may be rounded."""
    if value == 0:
        return any(digit in "123456789" for digit in digits.lower().split("e")[0])
    if abs(value) < 2**53:
        return False
    exact = decimal.Decimal(digits)
    count = len("".join(map(str, exact.as_tuple().digits)).strip("0"))
    # Rounded to as many digits it must be the same: C programs write 17 of any number.
    return exact == exact.to_integral_value() and exact != decimal.Decimal(f"{value:.{count - 1}e}")


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    # A longer integer than a float holds is a number too.
    return isinstance(value, int) and not isinstance(value, bool)


def _is_id(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return value is None or len(value) <= ID_LENGTH_MAX
    return _is_number(value) and abs(value) <= ID_NUMBER_MAX


def _is_error(value: Any) -> bool:
    return isinstance(value, dict) and _is_number(value.get("code")) and isinstance(value.get("message"), str)


def error_of(error: Dict[str, Any]) -> RpcError:
    """The error that an answer carries, as callers see it."""
    executed, issues = _data_of(error.get("data"))
    kind, message = _BY_CODE.get(error["code"]), error["message"]
    if kind is None:
        # A code that nobody knows says nothing of the execution: it counts as the worst.
        return InternalError(f"{message} (code {error['code']})", executed or "yes")
    if kind in _OF_CLIENTS:
        return InternalError(f"{kind.__name__}: {message}", "yes" if executed == "yes" else "maybe")
    return kind(message, executed, issues)


def _data_of(data: Any) -> Tuple[Optional[str], Optional[List[Any]]]:
    """What has another form than ours is as good as nothing."""
    if not isinstance(data, dict):
        return None, None
    executed, issues = data.get("executed"), data.get("issues")
    if executed is not None and executed not in _EXECUTED:
        return None, None
    if issues is None:
        return executed, None
    if not isinstance(issues, list) or not all(map(_is_issue, issues)):
        return None, None
    return executed, [{"path": issue["path"], "message": issue["message"]} for issue in issues]


def _is_issue(issue: Any) -> bool:
    return (
        isinstance(issue, dict)
        and isinstance(issue.get("message"), str)
        and isinstance(issue.get("path"), list)
        and all(isinstance(step, str) or _is_number(step) for step in issue["path"])
    )


def encode(message: Dict[str, Any], what: str, takes: int = MESSAGE_MAX_LEAST) -> bytes:
    """A message as a line; raises InvalidParams for what cannot arrive as it is."""
    try:
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        line = text.encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        raise InvalidParams(f"Cannot call {what}: a text has half a character (a lone surrogate)") from None
    except ValueError as error:  # An integer of more digits than Python writes.
        raise InvalidParams(f"Cannot call {what}: {error}") from None
    if len(line) > takes:
        raise _too_long(what, len(line), takes, "the server")
    return line


def _too_long(what: str, length: int, takes: int, who: str) -> InvalidParams:
    error = InvalidParams(
        f"Cannot call {what}: its parameters are {length} bytes long, and {takes} is the most "
        f"that {who} takes (rpc serve --message-max)"
    )
    error._bytes = length
    return error


def encode_request(
    number: int,
    method: str,
    params: Any,
    timeout: float,
    credit: Optional[int] = None,
    takes: int = MESSAGE_MAX_LEAST,
) -> bytes:
    """A request as a line. `params` are such as `plain_params` makes."""
    # At least 1 ms: zero would ask the server to refuse the call.
    meta: Dict[str, Any] = {"timeoutMs": max(1, round(timeout * 1000))}
    if credit is not None:
        meta["stream"] = credit
    request: Dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
    if params:
        request["params"] = params
    request["meta"] = meta
    return encode(request, method, takes)


def plain_params(method: str, params: Any) -> Any:
    """Parameters of nothing but what JSON has; refuses what would arrive as something else."""
    if params is None:
        return None
    if isinstance(params, (str, bytes)) or not isinstance(params, (list, tuple, Mapping)):
        raise InvalidParams(f"Cannot call {method}: give the parameters as a list or a dict, such as [{params!r:.40}]")
    try:
        return _Plain().of(params, "", 1)
    except _Unfit as unfit:
        raise InvalidParams(f"Cannot call {method}: {unfit}") from None


class _Unfit(Exception):
    """What cannot be sent, and where it is."""


class _Plain:
    """Makes values of what JSON has, and counts them."""

    def __init__(self) -> None:
        self._left = VALUES_MAX

    def of(self, value: Any, place: str, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _Unfit(f"its parameters are more than {VALUES_MAX} values")
        if value is None or isinstance(value, (str, bool)) and not isinstance(value, enum.Enum):
            return value
        if isinstance(value, enum.Enum):
            try:
                return self.of(value.value, place, depth)
            except _Unfit:
                return value.name  # As the server's side reads one whose values are nothing that JSON has.
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            if math.isfinite(value):
                return float(value)
            raise _Unfit(f"{place or 'it'} is {value}, and JSON has no such number")
        if depth >= NESTING_MAX:
            raise _Unfit(f"its parameters are nested too deep: a message has {NESTING_MAX} levels")
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            # A NamedTuple, as the server's side reads one.
            return self.of({name: getattr(value, name) for name in getattr(value, "_fields")}, place, depth)
        if isinstance(value, (list, tuple)):
            return [self.of(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
        if isinstance(value, Mapping):
            for key in value:
                if not isinstance(key, str):
                    raise _Unfit(f"{place or 'it'} has the key {key!r}, and keys must be strings")
            # The letters of a key, whatever its class makes of str(): an Enum, its name.
            named = {str.__str__(key): item for key, item in value.items()}
            return {key: self.of(item, f"{place}.{key}".lstrip("."), depth + 1) for key, item in named.items()}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return self.of(fields, place, depth)
        dump: Any = getattr(value, "model_dump", None)
        if callable(dump) and hasattr(type(value), "model_validate_json"):
            # A model of pydantic 2, as the server's side reads one.
            return self.of(dump(mode="json", by_alias=True), place, depth)
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)) and value == value:
            return value.isoformat()  # But not of pandas' NaT, which is no time.
        if isinstance(value, uuid.UUID):
            return str(value)
        if isinstance(value, os.PathLike) and isinstance(value.__fspath__(), str):
            return value.__fspath__()
        if isinstance(value, numbers.Integral):
            return int(value)  # Another package's, such as numpy's.
        if (type(value).__module__, type(value).__name__) in (("numpy", "bool"), ("numpy", "bool_")):
            return bool(value)  # What numpy's comparisons give, by name: numpy is not loaded here.
        if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
            same = float(value)
            if same == value or value != value:
                return self.of(same, place, depth)
        raise _Unfit(f"{place or 'it'} is of type {type(value).__name__}, which JSON cannot express: {_instead(value)}")


def _instead(value: Any) -> str:
    """What to send in its place."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "send base64.b64encode(value).decode()"
    if isinstance(value, (set, frozenset)):
        return "send list(value)"
    if isinstance(value, complex):
        return "send [value.real, value.imag]"
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return "send None"
    for method in ("tolist", "to_dict", "total_seconds"):
        if callable(getattr(value, method, None)):
            return f"send value.{method}()"
    if hasattr(value, "__aiter__"):
        return "send [item async for item in value]"
    if hasattr(value, "__await__"):
        return "send what it returns when it is awaited"
    if isinstance(value, Iterable) and not isinstance(value, type):
        return "send list(value)"
    if callable(value) and not isinstance(value, type):
        return "send what it returns"
    kind: Any = type(value)
    if isinstance(value, BaseException) or kind.__str__ is not object.__str__:
        return "send str(value)"
    return "send a dict, or make its class a dataclass"


# Calls


class _Call:
    """One call on its way: what is known of it, and where it stands."""

    def __init__(
        self,
        method: str,
        params: Any,
        deadline: float,
        idempotent: Optional[bool] = None,
        stream: "Optional[_Items]" = None,
        timeout: Optional[float] = None,
    ) -> None:
        self.method, self.params, self.deadline = method, params, deadline
        # What its caller gave it, for people.
        self.timeout = timeout
        self.idempotent, self.stream = idempotent, stream
        self.executed = "no"
        self.attempts = 0
        self.workers_lost = 0
        self.avoid: "Set[_Endpoint]" = set()
        self.endpoint: "Optional[_Endpoint]" = None
        self.error: Optional[RpcError] = None
        # Whether the server that had it last says that it is idempotent.
        self.may_repeat = False
        self.is_over = False
        # On a connection: its id there, the length of its line, and whether it was written.
        self.number = 0
        self.size = 0
        self.is_written = False
        self.connection: "Optional[_Connection]" = None
        # What the call waits for now, whatever that is: so that its deadline can end each wait.
        self.waiter: "Optional[asyncio.Future[Any]]" = None

    def fail(self, error: RpcError) -> None:
        """Ends what it waits for."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(error)

    def expire(self) -> None:
        """Its deadline has passed."""
        self.is_over = True
        self.fail(self.overdue())

    def overdue(self) -> RpcError:
        if self.timeout is not None and self.timeout <= 0:
            return DeadlineExceeded(f"Cannot call {self.method}: its time was over before it could be sent", "no")
        time = "in time" if self.timeout is None else f"within {_time_text(self.timeout)}"
        return DeadlineExceeded(f"No answer to {self.method} {time} ({self._where()})", self.known())

    def tell_time(self, error: RpcError) -> None:
        """A server knows what was left when it read the call, and the caller what he gave it."""
        if self.timeout is not None:
            error.message += f" ({_time_text(self.timeout)}{self._attempt()})"
            error.args = (error.message,)

    def known(self) -> str:
        """Whether it may have run by now."""
        return _worse(self.executed, "maybe" if self.is_written else "no")

    def _where(self) -> str:
        if self.endpoint is None:
            return "no server was connected"
        return f"at {self.endpoint.address}{self._attempt()}"

    def _attempt(self) -> str:
        """Which attempt it was and why, unless it is the first: time may not be what is missing."""
        attempt = f", attempt {self.attempts}" if self.attempts > 1 else ""
        error = self.error
        return attempt if error is None else f"{attempt} after {type(error).__name__}: {error.message}"


def _time_text(seconds: float) -> str:
    return f"{seconds * 1000:g} ms" if seconds < 1 else f"{seconds:g} s"


class _Items:
    """The items of a call that asked for a stream."""

    def __init__(self, credit: int) -> None:
        self.credit = self._granted = credit
        self.received = 0
        self.is_stream = False
        self.waiting: Deque[Any] = collections.deque()
        self.changed = asyncio.Event()
        self.grant: Callable[[int], None] = lambda more: None

    def take(self, items: List[Any]) -> None:
        if self.received + len(items) > self._granted:
            raise InvalidRequest("it sent more items of a stream than it was granted")
        self.is_stream = True
        self.received += len(items)
        self.waiting.extend(items)
        self.changed.set()

    def freed(self, count: int) -> None:
        """So many have been read: there is room for as many more."""
        self._granted += count
        self.grant(count)


class _Backoff:
    def __init__(self, base: float, most: float) -> None:
        self._base, self._most, self.failures = base, most, 0

    def next(self) -> float:
        ceiling: float = min(self._most, self._base * 2 ** min(self.failures, 30))
        self.failures += 1
        return ceiling * (0.5 + random.random() / 2)


class _Budget:
    """How much trying again may add to the load: a share of the calls of ten seconds, and a reserve."""

    SHARE, RESERVE, OVERLOAD_RESERVE, SLOTS = 0.2, 100.0, 10.0, 10

    def __init__(self) -> None:
        self._slots: Deque[List[float]] = collections.deque()
        self._sum = 0.0

    def deposit(self, now: float) -> None:
        self._change(now, self.SHARE)

    def spend(self, now: float) -> bool:
        return self._spend(now, self.RESERVE, 1)

    def spend_under_overload(self, now: float) -> bool:
        return self._spend(now, self.OVERLOAD_RESERVE, 2)

    def _spend(self, now: float, reserve: float, cost: float) -> bool:
        self._forget(now)
        if reserve + self._sum + 1e-9 < cost:
            return False
        self._change(now, -cost)
        return True

    def _change(self, now: float, by: float) -> None:
        self._forget(now)
        if not self._slots or self._slots[-1][0] != int(now):
            self._slots.append([int(now), 0.0])
        self._slots[-1][1] += by
        self._sum += by

    def _forget(self, now: float) -> None:
        while self._slots and self._slots[0][0] <= int(now) - self.SLOTS:
            self._sum -= self._slots.popleft()[1]


# Connections


class _Connection(asyncio.Protocol):
    """One connection with many calls on it at once: answers find their calls by id, in any order."""

    def __init__(
        self,
        address: str,
        loop: asyncio.AbstractEventLoop,
        changed: Callable[[], None],
        message_max: int,
    ) -> None:
        self.address, self._loop, self._changed = address, loop, changed
        self._message_max = message_max
        # What all servers take, until this one says more.
        self.takes = MESSAGE_MAX_LEAST
        self.lost: "asyncio.Future[str]" = loop.create_future()
        self.is_open = True
        self.went_away = False
        self.complaint: Optional[RpcError] = None
        # The TLS context of the keys that were shown; when the server's certificate ends, by the clock of the wall.
        self.shown: Optional[ssl.SSLContext] = None
        self.certificate: Mapping[str, Any] = {}
        self.usable_to = math.inf
        # Whether this machine's keys are others by now, or the server's have ended.
        self.is_outdated = False
        self._is_retired = False
        self._transport: Any = None
        self._number = 0
        self._pending: Dict[int, _Call] = {}
        self._pending_bytes = 0
        # Calls that wait until the server has taken what was written before them.
        self._unwritten: Dict[_Call, None] = {}
        self._outbox: List[bytes] = []
        self._outbox_bytes = 0
        self._is_paused = False
        self._bytes_written = 0
        self._buffer = bytearray()
        self._searched = 0
        self._begin = b""
        # What the server says is idempotent, and what it once said is not.
        self._idempotent: Optional[FrozenSet[str]] = None
        self._not: FrozenSet[str] = frozenset()
        self._once_not: FrozenSet[str] = frozenset()
        self._learning: "Optional[asyncio.Future[Any]]" = None
        # The heartbeat counts ticks, not time: when this process itself was stopped, no server is to blame.
        self._messages = 0
        # A part of a message counts, since a long one may take seconds to arrive.
        self._reads = self._reads_seen = 0
        self._taken: Optional[int] = None
        self._silent_ticks = self._idle_ticks = 0
        self._asked: "Optional[asyncio.Future[Any]]" = None

    # What asyncio tells

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.certificate = transport.get_extra_info("peercert") or {}
        if "notAfter" in self.certificate:
            self.usable_to = ssl.cert_time_to_seconds(self.certificate["notAfter"])
        transport.set_write_buffer_limits(high=OUTBOX_BYTES_MAX)

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self._write_waiting()

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self.break_off(self._closed_because(exc))

    def data_received(self, data: bytes) -> None:
        self._reads += 1
        self._begin = self._begin or bytes(data[:2])
        buffer = self._buffer
        buffer += data
        start = 0
        while self.is_open:
            end = buffer.find(b"\n", max(start, self._searched))
            if (len(buffer) if end < 0 else end) - start >= self._message_max:
                return self.break_off(f"it sent a line of more than {self._message_max} bytes")
            if end < 0:
                break
            line = bytes(buffer[start:end])
            start = end + 1
            if line and line != b"\r":
                try:
                    self._receive(decode_reply(line))
                except RpcError as error:
                    return self.break_off(self._complaint_of(bytes(line), error))
        del buffer[:start]
        self._searched = len(buffer)

    # What comes

    def _complaint_of(self, line: bytes, error: RpcError) -> str:
        """A first line that is no message is not that of a server of rpc."""
        if self._messages > 0 or line.startswith(b"{"):
            return error.message
        match = re.match(rb"(HTTP|SSH)[/-]\d", line)
        what = match.group(1).decode() if match is not None else "another protocol"
        who = "a gateway or another program" if what == "HTTP" else "another program"
        return f"it speaks {what}, which is not JSON: {who} has the port"

    def _closed_because(self, error: Optional[Exception]) -> str:
        if self.complaint is not None:
            return self.complaint.message
        if self._messages == 0 and self._begin == b"\x15\x03":
            return "it speaks TLS, since it wants keys: rpc keys join"
        return str(error) if error is not None else "the server closed it"

    def _receive(self, message: Dict[str, Any]) -> None:
        self._messages += 1
        if "id" in message:
            return self._settle(message)
        method, params = message["method"], message["params"]
        if method == "rpc.item":
            self._take_items(params, message["unheld"])
        elif method == "rpc.goaway":
            self.went_away = True
            self._changed()
        elif method == "rpc.changed":
            self.learn()
        # Other notifications belong to protocols newer than this one.

    def _settle(self, message: Dict[str, Any]) -> None:
        error = message.get("error")
        if message["id"] is None:
            # About the connection as a whole: why it is going to be closed.
            if error is not None:
                self.complaint = error_of(error)
            return
        call = self._take(message["id"])
        # None: an answer to a call that was given up.
        if call is None or call.waiter is None or call.waiter.done():
            return
        if error is not None:
            call.waiter.set_exception(error_of(error))
        elif message["unheld"]:
            call.waiter.set_exception(_unheld(call, message["unheld"]))
        else:
            call.waiter.set_result(message["result"])

    def _take_items(self, params: Any, unheld: List[str]) -> None:
        if not isinstance(params, dict) or not isinstance(params.get("items"), list):
            return
        number = params.get("id")
        call = self._pending.get(number) if isinstance(number, int) else None
        if call is None or call.stream is None:
            return
        call.stream.take([] if unheld else params["items"])
        if unheld:
            call.stream.received += len(params["items"])
            call.fail(_unheld(call, unheld))

    def _take(self, number: Any) -> Optional[_Call]:
        call = None if isinstance(number, str) else self._pending.pop(number, None)
        if call is not None:
            self._pending_bytes -= call.size
        return call

    # What goes

    async def request(self, call: _Call, is_urgent: bool = False) -> Any:
        """Sends a call, when the server has taken enough of what was written before, and returns its result."""
        if not self.is_open:
            raise self._lost_error("it is closed", "no")
        call.is_written = False
        call.connection = self
        call.waiter = self._loop.create_future()
        if is_urgent or not (self._unwritten or self._is_full()):
            self._write(call)
        elif len(self._unwritten) >= WAITING_CALLS_MAX:
            raise Unavailable(f"Cannot send {call.method} to {self.address}: {WAITING_CALLS_MAX} calls wait already")
        else:
            self._unwritten[call] = None
        try:
            return await call.waiter
        finally:
            holder = call.connection or self
            holder._unwritten.pop(call, None)
            if holder._pending.get(call.number) is call:
                # Nobody waits any more: the server is told, and an answer will be ignored.
                holder._take(call.number)
                holder.notify("rpc.cancel", {"id": call.number})
            holder._end_if_retired()
            self._end_if_retired()

    def retire(self) -> None:
        """Gives its place to another connection, and ends with the last call that is under way on it."""
        self._is_retired = True
        if not self.lost.done():
            self.lost.set_result("it has given its place to another one")
        self._end_if_retired()

    @property
    def is_in_doubt(self) -> bool:
        """Whether a ping was not answered from one tick to the next, nor anything received since."""
        return self._silent_ticks > TICKS_TO_ASK and self._reads == self._reads_seen

    def hand_over(self, other: "_Connection") -> None:
        """Calls that did not run, and those that may run twice, go on to another connection to the server."""
        for call in list(self._pending.values()):
            if call.stream is None and call.waiter is not None and self._may_move(call, other):
                self._take(call.number)
                # It may run here, whatever the other one says.
                call.executed = _worse(call.executed, "maybe")
                self.notify("rpc.cancel", {"id": call.number})
                other._adopt(call)
        for call in list(self._unwritten):
            del self._unwritten[call]
            other._adopt(call)

    def _may_move(self, call: _Call, other: "_Connection") -> bool:
        # What this connection asks for itself is about it alone.
        if call.endpoint is None or call.waiter is None or call.waiter.done():
            return False
        if call.idempotent is not None:
            return call.idempotent
        return self.is_idempotent(call.method) is True and other.is_idempotent(call.method) is True

    def _adopt(self, call: _Call) -> None:
        call.connection = self
        if not self.is_open:
            return call.fail(self._lost_error("it is closed", "maybe" if call.is_written else "no"))
        if self._is_full():
            self._unwritten[call] = None
            return
        try:
            self._write(call)
        except RpcError as error:
            call.fail(error)

    def _end_if_retired(self) -> None:
        if not self._is_retired:
            return
        # What the connection asks for itself keeps nobody waiting.
        is_in_use = self._unwritten or any(call.endpoint is not None for call in self._pending.values())
        if not is_in_use:
            self.break_off("it has given its place to another one")

    def _is_full(self) -> bool:
        return self._is_paused or self._outbox_bytes >= OUTBOX_BYTES_MAX

    def _write(self, call: _Call) -> None:
        self._number += 1
        number = call.number = self._number
        credit = None if call.stream is None else call.stream.credit
        left = call.deadline - self._loop.time()
        line = encode_request(number, call.method, call.params, left, credit, self.takes)
        call.size = len(line)
        call.is_written = True
        self._pending[number] = call
        self._pending_bytes += call.size
        if call.stream is not None:
            call.stream.grant = lambda more: self._grant(number, more)
        self._push(line)

    def _write_waiting(self) -> None:
        for call in list(self._unwritten):
            if not self.is_open or self._is_full():
                return
            del self._unwritten[call]
            try:
                self._write(call)
            except RpcError as error:
                call.fail(error)

    def _grant(self, number: int, more: int) -> None:
        while more > 0 and number in self._pending:
            self.notify("rpc.more", {"id": number, "n": min(more, CREDIT_MAX)})
            more -= CREDIT_MAX

    def notify(self, method: str, params: Dict[str, Any]) -> None:
        """Sends what has no answer."""
        if self.is_open:
            self._push(encode({"jsonrpc": "2.0", "method": method, "params": params}, method))

    def _push(self, line: bytes) -> None:
        # All that is ready at the same time goes in one write.
        if not self._outbox:
            self._loop.call_soon(self._flush)
        self._outbox.append(line)
        self._outbox_bytes += len(line)

    def _flush(self) -> None:
        lines, self._outbox = self._outbox, []
        self._bytes_written += self._outbox_bytes
        self._outbox_bytes = 0
        if self.is_open:
            self._transport.write(b"".join(lines))
            self._write_waiting()

    def ask(self, method: str, params: Any = None) -> "asyncio.Future[Any]":
        """Asks what holds the connection, before all calls that wait."""
        question = _Call(method, params, self._loop.time() + ANSWER_TIMEOUT, True)
        asking = asyncio.ensure_future(self.request(question, is_urgent=True))
        asking.add_done_callback(_heard)
        return asking

    # What the server says is idempotent

    def learn(self) -> "asyncio.Future[Any]":
        """Forgets what is known, and asks."""
        self._once_not |= self._not
        self._idempotent = None
        if self._learning is None:
            # Answers come in order of what changes: one under way is to the question after a change too.
            self._learning = asyncio.ensure_future(self._learn())
            self._learning.add_done_callback(_heard)
        return self._learning

    async def _learn(self) -> None:
        document: Any = None
        try:
            document = await self.ask("rpc.discover", {"messageMax": self._message_max})
        except RpcError:
            pass  # One that cannot be asked has no method of which it says that.
        finally:
            self._learning = None
        methods = document.get("methods") if isinstance(document, dict) else None
        listed = [one for one in methods if isinstance(one, dict)] if isinstance(methods, list) else []
        self._idempotent = frozenset(str(one.get("name")) for one in listed if one.get("x-idempotent") is True)
        self._not = frozenset(str(one.get("name")) for one in listed) - self._idempotent
        info = document.get("info") if isinstance(document, dict) else None
        takes = info.get("x-message-max") if isinstance(info, dict) else None
        if type(takes) is int and takes >= MESSAGE_MAX_LEAST:
            self.takes = takes
        self._changed()

    def is_idempotent(self, method: str) -> Optional[bool]:
        """Whether the server says that the method is idempotent; `None`: it has not said."""
        if self._idempotent is None:
            return None
        return method in self._idempotent and method not in self._once_not

    # Whether it is there, and its end

    def tick(self, also_idle: bool) -> None:
        """Finds a server that hangs, and a path that has gone dead: calls are pending, and nothing comes."""
        self._idle_ticks = 0 if self._pending else self._idle_ticks + 1
        if self._idle_ticks >= TICKS_TO_SAY_HELLO:
            self._idle_ticks = 0
            self.ask("rpc.ping")
            return
        buffered = self._transport.get_write_buffer_size()
        taken = self._bytes_written - buffered if buffered > 0 else None
        is_silent = self._reads == self._reads_seen and (taken is None or taken == self._taken)
        self._reads_seen, self._taken = self._reads, taken
        is_full = len(self._pending) >= IN_FLIGHT_JUDGED or self._pending_bytes >= BYTES_JUDGED
        if not is_silent or is_full or not (self._pending or also_idle):
            self._silent_ticks = 0
            return
        self._silent_ticks += 1
        if self._silent_ticks >= TICKS_TO_GIVE_UP:
            self.break_off(f"it was silent for {self._silent_ticks * TICK:g} s")
        elif self._silent_ticks >= TICKS_TO_ASK and (self._asked is None or self._asked.done()):
            self._asked = self.ask("rpc.ping")

    def break_off(self, reason: str) -> None:
        """Closes it: calls under way fail as ConnectionLost."""
        if not self.is_open:
            return
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()
        if not self.lost.done():
            self.lost.set_result(reason)
        pending, unwritten = list(self._pending.values()), list(self._unwritten)
        self._pending.clear()
        self._unwritten.clear()
        self._changed()
        for call in pending:
            call.fail(self._lost_error(reason, "maybe"))
        for call in unwritten:
            # One of a former connection may have run.
            call.fail(self._lost_error(reason, "maybe" if call.is_written else "no"))

    def _lost_error(self, reason: str, executed: str) -> RpcError:
        return ConnectionLost(f"Lost the connection to {self.address}: {reason}", executed)


def _heard(task: "asyncio.Future[Any]") -> None:
    """Looks at how a task ended, which asyncio complains about otherwise."""
    if not task.cancelled():
        task.exception()


def _unheld(call: _Call, numbers: List[str]) -> RpcError:
    return InternalError(f"{call.method} answered with a number that Python cannot hold: {numbers[0]}", "yes")


# Servers


class _Instance(NamedTuple):
    """A server as a registry lists it."""

    id: str
    host: str
    port: int
    weight: float = 1.0
    # The cluster whose keys it has; "*": nobody says, as in a static list.
    cluster: Optional[str] = None
    secret: Optional[str] = None
    started_at: float = 0.0

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class _Endpoint:
    """A server as this client sees it: one address, at most one connection, and what is known of it."""

    def __init__(self, core: "_Core", instance: _Instance) -> None:
        self._core, self.instance, self.address = core, instance, instance.address
        self.is_listed = True
        self.is_tried = False
        self.is_closed = False
        self.connection: Optional[_Connection] = None
        self._former: List[_Connection] = []
        # Another connection that is made beside the one in use: how often since that is silent, and when again.
        self._next: "Optional[asyncio.Future[None]]" = None
        self._next_tries = 0
        self._next_at = 0.0
        self.failure = "still connecting"
        self.refusal: Optional[RpcError] = None
        self.lacking: Set[str] = set()
        self.in_flight = 0
        self._troubles = 0
        self._late = 0
        self._ejected_until = 0.0
        self._backoff = _Backoff(0.05, 5.0)
        self._hurry: "Optional[asyncio.Future[None]]" = None
        self._hasty_at = 0.0
        self._life = asyncio.ensure_future(self._live())
        self._life.add_done_callback(_heard)

    @property
    def is_usable(self) -> bool:
        return self.connection is not None and self.connection.is_open

    @property
    def is_draining(self) -> bool:
        return self.connection is not None and self.connection.went_away

    @property
    def is_preferred(self) -> bool:
        return self.is_listed and not self.is_draining and not self.is_ejected

    @property
    def is_ejected(self) -> bool:
        return self._core.loop.time() < self._ejected_until

    @property
    def load(self) -> float:
        """What calls there wait for, relative to its share of them."""
        weight = self.instance.weight
        return (self.in_flight + 1 + self._troubles) / weight if weight > 0 else math.inf

    def may_run(self, call: _Call) -> bool:
        """One that may have run elsewhere runs only where that does no harm, as this server says."""
        if call.executed == "no":
            return True
        if call.idempotent is not None:
            return call.idempotent
        return self.connection is not None and self.connection.is_idempotent(call.method) is True

    def list(self, instance: _Instance) -> None:
        """The registry lists it (again), maybe as a new server at the same address."""
        if instance.id != self.instance.id:
            self.lacking.clear()
            self._late, self._ejected_until = 0, 0.0
            self._backoff.failures = 0
            self._hurry_up()
        self.instance = instance
        self.is_listed = True

    def unlist(self) -> None:
        """That only demotes it: its connection says when it is gone."""
        self.is_listed = False
        if not self.is_usable:
            self.close()

    def close(self) -> None:
        self.is_closed = True
        self._life.cancel()
        self._core.gone(self)

    async def send(self, call: _Call) -> Any:
        """Sends a call on its connection."""
        connection = self.connection
        if connection is None:
            raise ConnectionLost(f"There is no connection to {self.address}", "no")
        call.endpoint = self
        call.attempts += 1
        self.in_flight += 1
        sent_at = self._core.loop.time()
        try:
            result = await connection.request(call)
        except RpcError as error:
            self._judge(call, error, sent_at)
            # What the server says that had the call: its successor may say something else.
            if error.executed != "no" and call.idempotent is None:
                call.may_repeat = connection.is_idempotent(call.method) is True
            raise
        else:
            self._late, self._troubles = 0, self._troubles // 2
            return result
        finally:
            self.in_flight -= 1

    def _judge(self, call: _Call, error: RpcError, sent_at: float) -> None:
        """Takes in what the end of a call says of the server."""
        if error.executed == "yes" or (call.stream is not None and call.stream.received > 0):
            self._late = 0
        elif isinstance(error, DeadlineExceeded):
            # Earlier than that, it is what a call of the procedure itself came to.
            if self._core.loop.time() - sent_at >= 0.9 * (call.deadline - sent_at):
                call.tell_time(error)
                self._late += 1
                if self._late >= LATE_MAX and self._core.can_spare(self):
                    self._ejected_until = self._core.loop.time() + EJECTION
                    self._late = LATE_MAX - 1
                    log.warning("Leaving %s alone for %g s: its calls end at their deadlines", self.address, EJECTION)
                    self._core.changed()
        elif isinstance(error, (Overloaded, Draining, WorkerLost)):
            # Who fails at once has nothing in flight, and would draw ever more calls.
            self._troubles = min(self._troubles + self.in_flight + 1, IN_FLIGHT_JUDGED)

    def hurry(self, now: float) -> bool:
        """A call waits, and nobody is connected: tries again, if it is time."""
        return now >= self._hasty_at and self._hurry_up()

    def _hurry_up(self) -> bool:
        if self._hurry is None or self._hurry.done():
            return False
        self._hurry.set_result(None)
        return True

    async def _live(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._core.pace(self.instance.host))
                await self._connect_once()
                self.is_tried = True
                self._core.changed()
                if not self.is_listed:
                    return self.close()
                now = self._core.loop.time()
                self._hasty_at = now + HASTE
                self._hurry = self._core.loop.create_future()
                await asyncio.wait({self._hurry}, timeout=self._backoff.next())
                self._hurry = None
        finally:
            self._drop_next()
            for connection in self._former if self.connection is None else [self.connection, *self._former]:
                connection.break_off("it was closed here")

    def tick(self, keys: Optional[ssl.SSLContext]) -> None:
        """Looks after the connections. New keys, or new ones of the server, are shown on a new connection."""
        for former in self._former:
            if former.is_open:
                former.tick(also_idle=False)
        connection = self.connection
        if connection is None or not connection.is_open:
            return
        now = time.time()
        connection.is_outdated |= (keys is not None and connection.shown is not keys) or now >= connection.usable_to
        if now >= connection.usable_to + CERTIFICATE_GRACE:
            self._retire(connection)
            return connection.retire()
        connection.tick(also_idle=not self.is_preferred)
        if connection.is_outdated or connection.is_in_doubt:
            self._make_next(connection)
        elif self._drop_next():
            self._next_at = self._core.loop.time() + NEXT_PAUSE

    def _make_next(self, connection: _Connection) -> None:
        """Connects anew beside a connection that is silent, or on which other certificates should be shown.

        TCP finds out that the way to a server is there again only when it sends the next time, and it waits twice as
        long each time. A new connection is answered at once.
        """
        if not connection.is_open or self._next is not None or self._core.loop.time() < self._next_at:
            return
        self._former = [one for one in self._former if one.is_open]
        if not connection.is_outdated and len(self._former) >= FORMER_MAX:
            return
        if connection.is_outdated or self._next_tries > 0:
            self._next_at = self._core.loop.time() + NEXT_PAUSE
        # The first one may be lost as the network comes back; who is slow gets all of its time with the second.
        patience = HASTE if self._next_tries == 0 and not connection.is_outdated else CONNECT_TIMEOUT
        self._next_tries += 1
        self._next = asyncio.ensure_future(self._replace(connection, patience))
        self._next.add_done_callback(_heard)

    def _drop_next(self) -> bool:
        self._next_tries = 0
        if self._next is None:
            return False
        self._next.cancel()
        self._next = None
        return True

    async def _replace(self, connection: _Connection, patience: float) -> None:
        """Has another connection take a connection's place, once that is answered."""
        try:
            await asyncio.sleep(self._core.pace(self.instance.host))
            other = await self._connect(patience)
        except (RpcError, OSError, ValueError) as error:
            log.debug("No other connection to %s: %s", self.address, error)
        else:
            if self.connection is not connection or not connection.is_open:
                return other.break_off("it is not needed")
            self._core.came_to_something(self.instance.host)
            self._next_at = self._core.loop.time() + NEXT_PAUSE
            self._next_tries = 0
            self.lacking.clear()
            self.connection = other
            self._retire(connection)
            if connection.is_in_doubt:
                connection.hand_over(other)
            connection.retire()
            self._core.changed()
        finally:
            if self._next is asyncio.current_task():
                self._next = None

    def _retire(self, connection: _Connection) -> None:
        self._former = [one for one in self._former if one.is_open] + [connection]

    async def _connect_once(self) -> None:
        """Connects, and returns when the connection has gone, or could not be made."""
        try:
            connection = await self._connect(CONNECT_TIMEOUT)
        except RpcError as error:
            self.failure = error.message
            self.refusal = error if isinstance(error, (Unauthenticated, PermissionDenied)) else None
        except (OSError, ValueError) as error:
            self.failure, self.refusal = _tls_fault(error) or str(error), None
        else:
            self.connection, self.refusal = connection, None
            self._core.came_to_something(self.instance.host)
            self.is_tried = True
            self.lacking.clear()
            self._backoff.failures = 0
            self._core.changed()
            self.failure = await connection.lost
            current = self.connection
            while current is not None and current is not connection:
                # Another one has taken its place.
                connection = current
                self.failure = await connection.lost
                current = self.connection
            self._drop_next()
            self.connection = None

    async def _connect(self, patience: float) -> _Connection:
        core, instance = self._core, self.instance
        tls = core.tls_for(instance)
        loop = core.loop

        def protocol() -> _Connection:
            return _Connection(self.address, loop, core.changed, core.message_max)

        def making() -> Any:
            # Of a name's addresses the first one may be that of a machine that is down. Loops of others do not know it.
            delay: Any = {"happy_eyeballs_delay": ADDRESS_DELAY} if isinstance(loop, asyncio.BaseEventLoop) else {}
            return loop.create_connection(protocol, instance.host, instance.port, **tls, **delay)

        async with core.dials:
            connection = await self._made(asyncio.ensure_future(making()), patience)
        connection.shown = tls.get("ssl")
        try:
            if tls:
                _assert_shows(connection.certificate, tls["server_hostname"], "urn:rpc:right:serve")
            await self._probe(connection, bool(tls))
        except BaseException:
            connection.break_off("it was given up")
            raise
        return connection

    async def _made(self, making: "asyncio.Future[Any]", patience: float) -> _Connection:
        """Not by `asyncio.wait_for`: before Python 3.12 that misses a cancellation in the turn in which it ends."""
        is_wanted = False
        try:
            await asyncio.wait({making}, timeout=patience)
            is_wanted = True
        finally:
            if not making.done():
                making.cancel()
                await asyncio.wait({making})
            if not is_wanted and not making.cancelled() and making.exception() is None:
                making.result()[0].abort()
        if making.cancelled():
            raise Unavailable(f"no connection within {patience:g} s")
        connection: _Connection = making.result()[1]
        return connection

    async def _probe(self, connection: _Connection, is_tls: bool) -> None:
        """A connection counts when the server has answered on it, and has said what is idempotent."""
        if is_tls or self.instance.secret is not None:
            hello = {"service": self._core.service}
            if self.instance.secret is not None:
                hello["secret"] = self.instance.secret
            await self._answer(connection, connection.ask("rpc.hello", hello))
        ping, learning = connection.ask("rpc.ping"), connection.learn()
        await self._answer(connection, ping)
        # A server that says nothing of it is used without, after a while.
        await asyncio.wait({learning}, timeout=ANSWER_TIMEOUT)
        if not connection.is_open:
            raise Unavailable(connection.lost.result())

    async def _answer(self, connection: _Connection, asking: "asyncio.Future[Any]") -> None:
        done, _ = await asyncio.wait({asking}, timeout=0 if asking.done() else ANSWER_TIMEOUT)
        if not done:
            asking.cancel()
            raise Unavailable("it does not answer")
        try:
            asking.result()
        except ConnectionLost:
            raise connection.complaint or Unavailable(connection.lost.result()) from None


def _assert_shows(certificate: Mapping[str, Any], host: str, right: Optional[str] = None) -> None:
    """TLS looks at names less strictly: a host's may be a pattern or the common one, and of those there may be two."""
    subject: Any = certificate.get("subject", ())
    names = [value for part in subject for kind, value in part if kind == "commonName"]
    others: Any = certificate.get("subjectAltName", ())
    is_one = len(names) == 1 and names[0] != "" and ("DNS", host) in others
    if not is_one or not (right is None or ("URI", right) in others):
        raise ssl.SSLCertVerificationError(f"its certificate is not that of {host}")


def _tls_fault(error: Exception) -> Optional[str]:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            "it shows no good certificate of a server of this cluster: its own has expired (there: rpc keys renew), "
            "it has keys of another cluster (rpc keys show on both), or it is an impostor"
        )
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS as members of this cluster do: it runs without keys, or with others"
    return None


def _site(host: str) -> str:
    """What hosts may be one machine: a thousand names may mean one, and an IPv6 network is one site's."""
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return "127.0.0.1" if host == "localhost" else "names"
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return "127.0.0.1"
    return str(address) if address.version == 4 else f"{int(address) >> 64:x}"


class _Core:
    """What both clients are made of: it follows the registry, keeps the connections, and makes the calls."""

    def __init__(self, options: "_Options") -> None:
        self.loop = asyncio.get_running_loop()
        self.dials = asyncio.Semaphore(DIALS_MAX)
        self.service, self.message_max = options.service, options.message_max
        self._options = options
        self._endpoints: Dict[str, _Endpoint] = {}
        self._preferred: List[_Endpoint] = []
        self._fallback: List[_Endpoint] = []
        self._budget = _Budget()
        self._calls: Set[_Call] = set()
        self._waiting: Dict[_Call, None] = {}
        self._paces: Dict[str, float] = {}
        self._registry_state = "silent"
        self._trouble: Optional[str] = None
        self._found_at: Optional[float] = None
        self._has_reached = False
        self._gathering: Optional[asyncio.TimerHandle] = None
        self.is_closed = False
        self._registry = options.registry
        self._registry.start(self.service, self._tell)
        self._ticks = 0
        self._ticking = self.loop.call_later(TICK, self._tick)

    # What the registry tells, by a thread of its own

    def _tell(self, instances: Optional[List[_Instance]], trouble: Optional[str]) -> None:
        try:
            self.loop.call_soon_threadsafe(self._heard, instances, trouble)
        except RuntimeError:
            pass  # The loop has been closed.

    def _heard(self, instances: Optional[List[_Instance]], trouble: Optional[str]) -> None:
        if self.is_closed:
            return
        if instances is None:
            self._trouble = trouble
            if self._registry_state == "silent":
                self._registry_state = "in trouble"
                log.warning("%s", trouble)
        else:
            self._trouble = None
            self._registry_state = "read"
            self._update({instance.address: instance for instance in instances})
        self.changed()

    def _update(self, listed: Dict[str, _Instance]) -> None:
        if listed and self._found_at is None:
            self._found_at = self.loop.time()
        for address, endpoint in list(self._endpoints.items()):
            if address not in listed and endpoint.is_listed:
                endpoint.unlist()
        for address, instance in listed.items():
            known = self._endpoints.get(address)
            if known is None:
                self._endpoints[address] = _Endpoint(self, instance)
            else:
                known.list(instance)

    # What endpoints tell

    def changed(self) -> None:
        """One may be more or less useful than before: calls that wait look again."""
        usable = [one for one in self._endpoints.values() if one.is_usable]
        self._preferred = [one for one in usable if one.is_preferred]
        self._fallback = [one for one in usable if not one.is_preferred]
        if usable and not self._has_reached:
            self._has_reached = True
            self._gather()
        if self._gathering is not None and not self._is_any_untried():
            self._gathered()
        for call in list(self._waiting):
            if call.waiter is not None and not call.waiter.done():
                call.waiter.set_result(True)

    def gone(self, endpoint: _Endpoint) -> None:
        if self._endpoints.get(endpoint.address) is endpoint:
            del self._endpoints[endpoint.address]
        self.changed()

    def can_spare(self, endpoint: _Endpoint) -> bool:
        """Never the last half: when most servers look bad, the fault is likely elsewhere."""
        if endpoint not in self._preferred:
            return False
        ejected = sum(one.is_ejected for one in self._fallback)
        return ejected + 1 <= (len(self._preferred) + ejected) // 2

    def pace(self, host: str) -> float:
        """How long a host must be left alone: who writes to a registry could list a thousand ports of it."""
        now, site = self.loop.time(), _site(host)
        rested = now - HOST_TRIES_AT_ONCE / HOST_TRIES_PER_SECOND
        at = max(rested, self._paces.get(site, rested))
        if len(self._paces) >= HOSTS_PACED_MAX:
            self._paces = {one: when for one, when in self._paces.items() if when > rested}
        self._paces[site] = at + 1 / HOST_TRIES_PER_SECOND
        return max(0.0, at - now)

    def came_to_something(self, host: str) -> None:
        """An attempt that found a server does not count."""
        site = _site(host)
        if site in self._paces:
            self._paces[site] -= 1 / HOST_TRIES_PER_SECOND

    def tls_for(self, instance: _Instance) -> Dict[str, Any]:
        """How to connect: with keys by TLS alone, whatever a registry says, and without them never."""
        keys = self._options.keys
        if keys is None:
            if instance.cluster not in (None, "*"):
                raise Unauthenticated("it wants keys: rpc keys join")
            return {}
        context, cluster = keys.current()
        if instance.cluster is None:
            raise Unavailable("open, not used: this machine has keys; insecure=True goes without")
        if instance.cluster not in ("*", cluster):
            raise Unavailable(f"of cluster {instance.cluster}, and this machine's keys are of {cluster}: rpc keys show")
        return {"ssl": context, "server_hostname": _cluster_name(cluster), "ssl_handshake_timeout": CONNECT_TIMEOUT}

    def _is_any_untried(self) -> bool:
        return any(not one.is_tried for one in self._endpoints.values())

    def _gather(self) -> None:
        """The first is connected: calls wait a moment for the others, and would all go there otherwise."""
        now = self.loop.time()
        wait = min(GATHERING_MAX, 2 * (now - (now if self._found_at is None else self._found_at)))
        if wait > 0 and self._is_any_untried():
            self._gathering = self.loop.call_later(wait, self._gathered_by_now)

    def _gathered(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    def _gathered_by_now(self) -> None:
        self._gathered()
        self.changed()

    def _tick(self) -> None:
        self._ticking = self.loop.call_later(TICK, self._tick)
        if self._waiting and not self._preferred and not self._fallback:
            unusable = list(self._endpoints.values())
            random.shuffle(unusable)
            now, left = self.loop.time(), HASTY_MAX
            for endpoint in unusable:
                left -= endpoint.hurry(now)
                if left == 0:
                    break
        self._ticks += 1
        keys = self._options.keys if self._ticks % TICKS_TO_LOOK_AT_KEYS == 0 else None
        context = None if keys is None else keys.current()[0]
        for endpoint in list(self._endpoints.values()):
            endpoint.tick(context)
        if any(one.is_preferred for one in self._fallback):
            self.changed()  # One that was left alone gets calls again.

    # Calls

    def new_call(
        self,
        method: str,
        params: Optional[Params],
        timeout: Optional[float],
        idempotent: Optional[bool],
        credit: Optional[int] = None,
    ) -> _Call:
        if not isinstance(method, str) or len(method) > METHOD_LENGTH_MAX:
            raise InvalidParams(f"Cannot call it: a method is named by a text of at most {METHOD_LENGTH_MAX} letters")
        left = self._options.timeout if timeout is None else timeout
        if not _is_number(left) or left > TIMEOUT_MAX:
            raise InvalidParams(f"Cannot use timeout={timeout!r}: it must be a number of seconds up to {TIMEOUT_MAX:g}")
        if credit is not None and (type(credit) is not int or not 1 <= credit <= CREDIT_MAX):
            raise InvalidParams(f"Cannot use credit={credit!r}: it must be a whole number from 1 to {CREDIT_MAX}")
        items = None if credit is None else _Items(credit)
        return _Call(method, plain_params(method, params), self.loop.time() + left, idempotent, items, left)

    async def run(self, call: _Call) -> Any:
        """Makes a call, as often as that is safe and of use, within its deadline."""
        self._budget.deposit(self.loop.time())
        timer = self.loop.call_at(call.deadline, call.expire)
        refusals = _Backoff(0.02, 1)
        self._calls.add(call)
        try:
            while True:
                endpoint = await self._choose(call)
                try:
                    return await endpoint.send(call)
                except RpcError as error:
                    call.is_written = False
                    await self._consider(call, endpoint, error, refusals)
        finally:
            timer.cancel()
            self._calls.discard(call)

    async def _choose(self, call: _Call) -> _Endpoint:
        """The server for a call, which waits for one while there is none."""
        last = call.deadline - 0.02
        since = self.loop.time()
        hope = 0.0
        while True:
            if self.is_closed:
                raise _closed(call)
            now = self.loop.time()
            if now >= call.deadline:
                raise call.overdue()
            endpoint = None if self._gathering is not None else self._pick(call)
            if endpoint is not None:
                return endpoint
            may_have_run = call.executed != "no"
            if may_have_run and self._all_refuse(call):
                raise self._final(call, call.error)
            until = last
            if self._registry_state != "silent" and not may_have_run:
                until = min(last, max(since + UNAVAILABLE_AFTER, hope))
            if now >= until:
                if now >= last or not self._is_any_untried():
                    raise self._final(call, call.error) if may_have_run else self._unavailable()
                # One whose first attempt is under way may be the one that lives.
                hope = until = min(last, now + HOPE_PERIOD)
            if len(self._waiting) >= WAITING_CALLS_MAX:
                raise Unavailable(f"{WAITING_CALLS_MAX} calls are waiting for a server already")
            self._waiting[call] = None
            try:
                await self._pause(call, until - now)
            finally:
                self._waiting.pop(call, None)

    def _pick(self, call: _Call) -> Optional[_Endpoint]:
        some = self._preferred
        if len(some) > CANDIDATES_MAX:
            some = random.sample(some, CANDIDATES_MAX)
        return (
            self._least([one for one in some if self._would_do(one, call)])
            or self._least([one for one in self._preferred if self._would_do(one, call)])
            or self._of_fallback(call)
            or self._again(call)
        )

    def _would_do(self, endpoint: _Endpoint, call: _Call) -> bool:
        return (
            endpoint.is_usable
            and endpoint not in call.avoid
            and call.method not in endpoint.lacking
            and endpoint.may_run(call)
        )

    def _of_fallback(self, call: _Call) -> Optional[_Endpoint]:
        able = [one for one in self._fallback if self._would_do(one, call)]
        # One that drains goes soon: those that stay come first.
        return self._least([one for one in able if not one.is_draining]) or self._least(able)

    def _again(self, call: _Call) -> Optional[_Endpoint]:
        """All have failed it once: again to any that could do better now, which one that drains cannot."""
        able = [one for one in self._preferred if one.is_usable and one.may_run(call)]
        staying = [
            one
            for one in self._fallback
            if one.is_usable and one.may_run(call) and not (one.is_draining and one in call.avoid)
        ]
        return self._least(able) or self._least(staying)

    def _least(self, endpoints: List[_Endpoint]) -> Optional[_Endpoint]:
        if not endpoints:
            return None
        # From a random start, so that ties do not all go to the first.
        start = random.randrange(len(endpoints))
        return min(endpoints[start:] + endpoints[:start], key=lambda one: one.load)

    def _all_refuse(self, call: _Call) -> bool:
        usable = self._preferred + self._fallback
        return not call.idempotent and bool(usable) and all(
            one.connection is not None and one.connection.is_idempotent(call.method) is False for one in usable
        )

    async def _consider(self, call: _Call, endpoint: _Endpoint, error: RpcError, refusals: _Backoff) -> None:
        """Returns when a call that failed may be sent again, or raises what it came to."""
        call.executed = _worse(call.executed, error.executed)
        call.error = error
        if call.stream is not None and call.stream.received > 0:
            # Its caller has seen items, and would see them twice.
            call.executed = _worse(call.executed, "maybe")
            raise self._final(call, error)
        if isinstance(error, InvalidParams) and error._bytes is not None:
            return await self._go_past_short(call, endpoint, error)
        call.workers_lost += isinstance(error, WorkerLost) and error.executed != "no"
        is_hopeless = (
            self.is_closed
            or call.is_over
            or not isinstance(error, _WORTH_ANOTHER)
            or call.attempts >= ATTEMPTS_MAX
            or call.workers_lost >= WORKERS_LOST_MAX
        )
        if is_hopeless or error.executed == "yes":
            raise self._final(call, error)
        call.avoid.add(endpoint)
        if isinstance(error, MethodNotFound) and error.executed == "no":
            if len(endpoint.lacking) < LACKING_MAX:
                endpoint.lacking.add(call.method)
            while not self._is_offered(call):
                if not self._is_any_untried():
                    raise self._final(call, error)
                await self._pause(call, 0.02)
        elif error.executed != "no":
            if not (call.may_repeat if call.idempotent is None else call.idempotent):
                raise self._final(call, error)
        await self._afford(call, error, refusals)

    async def _go_past_short(self, call: _Call, endpoint: _Endpoint, error: InvalidParams) -> None:
        """Has a call avoid the servers that take none as long, as soon as one is connected that does.

        Nothing was sent, so no budget is spent.
        """
        if call.attempts >= ATTEMPTS_MAX:
            raise self._final(call, error)
        while True:
            usable = {one for one in self._preferred + self._fallback if one.is_usable}
            longer = {
                one
                for one in usable - {endpoint}
                if one.connection is not None and one.connection.takes >= (error._bytes or 0)
            }
            if longer or not self._is_any_untried():
                break
            await self._pause(call, 0.02)
        if not longer:
            bounds = {one.connection.takes: one.address for one in usable if one.connection is not None}
            if len(usable) > 1 and bounds:
                most = max(bounds)
                who = f"any server, the one at {bounds[most]},"
                error = _too_long(call.method, error._bytes or 0, most, who)
            raise self._final(call, error)
        call.avoid = usable - longer

    async def _afford(self, call: _Call, error: RpcError, refusals: _Backoff) -> None:
        # Overload is a state, and more load makes it worse. A lost server is an event with an end.
        if isinstance(error, Overloaded):
            if not self._budget.spend_under_overload(self.loop.time()):
                raise self._final(call, error)
            return await self._pause(call, refusals.next())
        while not self._budget.spend(self.loop.time()):
            await self._pause(call, 0.05 * (0.5 + random.random()))
        # It has tried another one already. What takes one after the other has an end.
        if call.attempts > 1 and not isinstance(error, MethodNotFound):
            await self._pause(call, refusals.next())

    def _is_offered(self, call: _Call) -> bool:
        return any(call.method not in one.lacking for one in self._preferred + self._fallback)

    async def _pause(self, call: _Call, seconds: float) -> None:
        """Waits so long, or until the call is woken; its deadline ends that too."""
        if call.is_over:
            raise call.overdue()
        if self.is_closed:
            raise _closed(call)
        waiter = call.waiter = self.loop.create_future()

        def over() -> None:
            if not waiter.done():
                waiter.set_result(False)

        timer = self.loop.call_later(max(0.0, seconds), over)
        try:
            await waiter
        finally:
            timer.cancel()

    def _final(self, call: _Call, error: Optional[RpcError]) -> RpcError:
        """The last error, but with what is known of the execution over all attempts."""
        if error is None:
            return self._unavailable()
        if error.executed == call.executed:
            return error
        final = type(error)(error.message, call.executed, error.issues)
        final.__cause__ = error
        return final

    def _unavailable(self) -> RpcError:
        endpoints = list(self._endpoints.values())
        if not endpoints:
            if self._trouble is not None:
                return Unavailable(self._trouble)
            if self._registry_state == "silent":
                return Unavailable(f"No answer from the registry {self._registry.shown} yet")
            return Unavailable(
                f'No server of service "{self.service}" is registered in the registry {self._registry.shown}; '
                + _start_text(self._registry.shown, self.service)
            )
        some = ", ".join(f"{one.address} ({one.failure})" for one in endpoints[:3])
        more = f", and {len(endpoints) - 3} more" if len(endpoints) > 3 else ""
        refusal = endpoints[0].refusal
        if refusal is not None and all(one.refusal is not None for one in endpoints):
            return type(refusal)(f'Cannot call any server of service "{self.service}": {some}{more}', "no")
        return Unavailable(f'Cannot reach any server of service "{self.service}": {some}{more}')

    # Streams

    async def batches(self, call: _Call) -> AsyncIterator[List[Any]]:
        """The items of a stream, some at a time; of a procedure that is none, its result."""
        items = call.stream
        assert items is not None
        running = asyncio.ensure_future(self.run(call))
        running.add_done_callback(_heard)
        running.add_done_callback(lambda _: items.changed.set())
        # Half of the credit at a time, so that the server makes more while these are read.
        most = max(1, items.credit // 2)
        try:
            while True:
                while items.waiting:
                    batch = [items.waiting.popleft() for _ in range(min(most, len(items.waiting)))]
                    yield batch
                    items.freed(len(batch))
                if running.done():
                    result = running.result()
                    if not items.is_stream:
                        yield [result]
                    return
                items.changed.clear()
                await items.changed.wait()
        finally:
            running.cancel()

    @property
    def connected(self) -> List[str]:
        return sorted(one.address for one in self._preferred + self._fallback)

    async def close(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self._ticking.cancel()
        self._gathered()
        for call in list(self._calls):
            call.fail(_closed(call))
        while self._calls:
            await asyncio.sleep(0)
        endpoints = list(self._endpoints.values())
        # To end an attempt to connect takes some turns.
        tasks = [one._life for one in endpoints] + [one._next for one in endpoints if one._next is not None]
        for endpoint in endpoints:
            endpoint.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._registry.stop()
        # Not by an executor, of which there is none any more when the program ends.
        end = self.loop.time() + CONNECT_TIMEOUT
        while self._registry.is_running and self.loop.time() < end:
            await asyncio.sleep(0.005)


def _closed(call: Optional[_Call] = None) -> RpcError:
    return Cancelled("The client is closed", "no" if call is None else call.known())


def _start_text(registry: str, service: str) -> str:
    """How to start a server that the clients of a registry reach."""
    shared = re.match(r"zookeepers?://(?!([^@/]*@)?(127\.|localhost\b|\[::1\]))", registry)
    which = "" if service == "rpc" else f" --service {service}"
    return f"start one: rpc serve {'0.0.0.0 6666' if shared else '127.0.0.1 0'}{which}"


# Registries


class _Registry:
    """Where servers are listed: a thread looks there, and tells what it sees."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self._service = ""
        self._tell: Callable[[Optional[List[_Instance]], Optional[str]], None] = lambda found, trouble: None
        self._wake = threading.Event()
        self._is_stopped = False
        self._thread: Optional[threading.Thread] = None
        self._told: Optional[List[_Instance]] = None
        self._is_troubled = False
        self._last_known: Optional[_LastKnown] = None
        self._has_recalled = False

    def remember(self, directory: str, service: str) -> None:
        """Has its last list kept on disk."""
        self._last_known = _LastKnown(directory, self.shown, service)

    def start(self, service: str, tell: Callable[[Optional[List[_Instance]], Optional[str]], None]) -> None:
        self._service, self._tell = service, tell
        self._thread = threading.Thread(target=self._run, name="rpc registry", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._is_stopped = True
        self._wake.set()

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _found(self, oldest_first: List[_Instance]) -> None:
        """Of two at one address the newest describes it: the other is the ghost of its predecessor."""
        instances = list({instance.address: instance for instance in oldest_first}.values())
        # Behind a trouble the same list is news too: that it is over.
        if self._is_troubled or instances != self._told:
            self._is_troubled = False
            self._told = instances
            self._tell(instances, None)
            # In an outage an empty list would help nobody.
            if instances and self._last_known is not None:
                self._last_known.save(instances)

    def _recall(self) -> None:
        """Tells the list that was kept, if the registry has told none."""
        if self._told is not None or self._has_recalled or self._last_known is None:
            return
        self._has_recalled = True
        known = self._last_known.load()
        if known:
            self._told = known
            log.warning("%s cannot be asked, using its last known list of %d servers", self.shown, len(known))
            self._tell(known, None)

    def _trouble(self, text: str) -> None:
        self._recall()
        if not self._is_troubled and not self._is_stopped:
            self._is_troubled = True
            self._tell(None, text)

    def _run(self) -> None:
        raise NotImplementedError


class _LastKnown:
    """A registry's last list on disk, for a time when it cannot be asked."""

    def __init__(self, directory: str, registry: str, service: str) -> None:
        digest = hashlib.sha256(registry.encode()).hexdigest()[:16]
        self._path = os.path.join(directory, f"{service}-{digest}.python.json")
        self._has_failed = False

    def load(self) -> List[_Instance]:
        """The list that was saved; empty where there is none that can be used."""
        try:
            if not stat.S_ISREG(os.stat(self._path).st_mode):
                raise ValueError("it is no regular file")
            _assert_own(self._path, 600)
            _assert_own(os.path.dirname(self._path) or ".", 700)
            with open(self._path, "rb") as file:
                read = [read_instance(json.dumps(one).encode()) for one in json.loads(file.read(LAST_KNOWN_BYTES_MAX))]
            return [one for one in read if one is not None]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, RecursionError) as error:
            log.warning("Cannot use the last known list of servers %s: %s", self._path, error)
            return []

    def save(self, instances: List[_Instance]) -> None:
        """Replaces the list. A failure is told once, and the old list stays."""
        temporary = f"{self._path}.{uuid.uuid4()}.tmp"
        try:
            os.makedirs(os.path.dirname(self._path) or ".", mode=0o700, exist_ok=True)
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "w", encoding="utf-8") as target:
                json.dump([self._written(one) for one in instances], target)
            os.replace(temporary, self._path)
            self._has_failed = False
        except OSError as error:
            _remove(temporary)
            if not self._has_failed:
                self._has_failed = True
                log.warning("Cannot keep the last known list of servers %s: %s", self._path, error)

    def _written(self, one: _Instance) -> Dict[str, Any]:
        """As registries list it."""
        ours: Dict[str, Any] = {"weight": one.weight}
        if one.cluster is not None:
            ours["tls"] = {"cluster": one.cluster}
        port = "port" if one.cluster is None else "sslPort"
        return {"id": one.id, "address": one.host, port: one.port, "registrationTimeUTC": one.started_at, "rpc": ours}


class _StaticRegistry(_Registry):
    """A list that never changes."""

    def __init__(self, shown: str, hosts: List[Tuple[str, int]]) -> None:
        super().__init__(shown)
        self._hosts = hosts

    def _run(self) -> None:
        self._found([_Instance(f"{host}:{port}", host, port, cluster="*") for host, port in self._hosts])


_REGISTRATION = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.json")


class _LocalRegistry(_Registry):
    """A directory with a file for each server, and a lock that its server holds while it lives."""

    def __init__(self, shown: str, directory: Optional[str]) -> None:
        super().__init__(shown)
        self._is_private = directory is None
        self._directory = _local_directory() if directory is None else os.path.abspath(directory)
        self._known: Dict[str, Optional[_Instance]] = {}

    def _run(self) -> None:
        asked_at = -math.inf
        while not self._is_stopped:
            is_time = time.monotonic() - asked_at >= LOCAL_ASK_EVERY
            asked_at = time.monotonic() if is_time else asked_at
            try:
                self._found(self._look(is_time))
            except OSError as error:
                self._trouble(f"Cannot read the local registry {self._directory}: {error}. Still trying")
            self._wake.wait(LOCAL_LOOK_EVERY)

    def _look(self, ask_all: bool) -> List[_Instance]:
        if self._is_private and hasattr(os, "getuid"):
            # In a directory for everybody's temporary files somebody else may have been there first.
            try:
                info = os.lstat(self._directory)
            except FileNotFoundError:
                return []
            if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
                raise OSError("it is not a directory of this user's")
        path = os.path.join(self._directory, self._service)
        try:
            names = os.listdir(path)
        except FileNotFoundError:
            return []
        ids = {match.group(1) for match in map(_REGISTRATION.fullmatch, names) if match is not None}
        self._known = {one: known for one, known in self._known.items() if one in ids}
        for one in ids:
            if ask_all or one not in self._known:
                if not _is_locked(path, one):
                    self._known.pop(one, None)
                elif one not in self._known:
                    self._known[one] = self._read(os.path.join(path, f"{one}.json"))
        found = [instance for instance in self._known.values() if instance is not None]
        return sorted(found, key=lambda instance: instance.started_at)

    def _read(self, path: str) -> Optional[_Instance]:
        try:
            file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except OSError:
            return None
        with os.fdopen(file, "rb") as source:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                return None
            return read_instance(source.read(INSTANCE_BYTES_MAX + 1), self._service)


def _local_directory() -> str:
    """What `local:` means for this user."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
        if not os.path.isabs(base):
            raise InvalidParams("Cannot tell where the local registry is: LOCALAPPDATA is no absolute path")
        return os.path.join(base, "rpc")
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    runtime = named if os.path.isabs(named) else f"/run/user/{os.getuid()}"
    if os.path.isdir(runtime):
        return os.path.join(runtime, "rpc")
    temporary = os.environ.get("TMPDIR", "")
    return os.path.join(temporary if os.path.isabs(temporary) else "/tmp", f"rpc-{os.getuid()}")


def _is_locked(directory: str, one: str) -> bool:
    """Whether a registration's server lives. What a dead one left is removed."""
    path = os.path.join(directory, f"{one}.lock")
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return False
        lock = os.open(path, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        if not _try_lock(lock):
            return True
        for extension in ("json", "tmp"):
            _remove(os.path.join(directory, f"{one}.{extension}"))
        if sys.platform != "win32":
            _remove(path)
    finally:
        os.close(lock)
    if sys.platform == "win32":
        _remove(path)  # No file is removed there that a program in Python has open.
    return False


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except OSError:
        pass  # Somebody else has removed it, or it is found again later.


def _try_lock(lock: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            # A shared one: who looks at the same moment does not take this for the server.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return True
    except OSError:
        return False


class _ZooKeeperRegistry(_Registry):
    """Nodes in ZooKeeper, laid out as Apache Curator's. The last list stands, whatever fails."""

    def __init__(
        self,
        shown: str,
        hosts: str,
        names: List[str],
        options: Dict[str, Any],
        keys: "Optional[_Keys]",
        is_tls: bool,
    ) -> None:
        super().__init__(shown)
        try:
            from kazoo.client import KazooClient  # type: ignore[import, unused-ignore]
        except ImportError:
            raise Unavailable("A registry in ZooKeeper needs the package kazoo: pip install kazoo") from None
        # Kazoo has no types.
        self._client: Any = KazooClient(
            hosts=hosts,
            connection_retry={"max_tries": -1, "delay": 0.1, "max_delay": 5.0},
            handler=_tls_handler(keys, names) if is_tls else None,
            **options,
        )
        self._client.add_listener(self._on_state)
        # Each node with the transaction that made it, which gives the order whatever clocks say.
        self._known: Dict[str, Tuple[int, Optional[_Instance]]] = {}
        self._doubtful: Set[str] = set()

    def _on_state(self, state: str) -> None:
        self._doubtful.update(list(self._known))
        self._wake.set()

    def _run(self) -> None:
        client, retry = self._client, _Backoff(0.1, 10.0)
        try:
            connected = client.start_async()
            if not connected.wait(ANSWER_TIMEOUT):
                self._trouble(f"Cannot reach ZooKeeper at {self.shown}. Is it running? Still trying")
            while not self._is_stopped:
                pause = RECONCILE_EVERY * (1 + random.random())
                self._wake.clear()
                if client.client_state == "AUTH_FAILED":
                    self._trouble("ZooKeeper refused the login: check user and password in the registry's URL")
                elif client.connected:
                    try:
                        self._found(self._look())
                        retry.failures = 0
                    except Exception as error:  # Kazoo's errors have no class in common.
                        self._recall()
                        pause = retry.next()
                        if retry.failures > 1 and client.connected:
                            name = type(error).__name__
                            self._trouble(f"Cannot read the list of servers from ZooKeeper: {name} {error}")
                self._wake.wait(pause)
        finally:
            try:
                client.stop()
                client.close()
            except Exception:
                pass  # It had not begun, or has ended by itself.

    def _look(self) -> List[_Instance]:
        from kazoo.exceptions import NoAuthError, NoNodeError  # type: ignore[import, unused-ignore]

        path = f"/services/{self._service}"
        try:
            names = self._client.get_children(path, watch=self._on_list)
        except NoNodeError:
            # Its creation is watched.
            if self._client.exists(path, watch=self._on_list) is not None:
                return self._look()
            names = []
        listed = set(names)
        self._known = {name: known for name, known in self._known.items() if name in listed}
        self._doubtful &= listed
        wanted = [name for name in names if name not in self._known or name in self._doubtful]
        for start in range(0, len(wanted), READS_AT_ONCE):
            some = wanted[start : start + READS_AT_ONCE]
            # Before the read: what happens while it is under way must not be lost.
            self._doubtful.difference_update(some)
            reads = [(name, self._client.get_async(f"{path}/{name}", watch=self._on_node)) for name in some]
            for name, reading in reads:
                try:
                    data, node = reading.get(timeout=CONNECT_TIMEOUT)
                    self._known[name] = (node.czxid, read_instance(data))
                except NoNodeError:
                    self._known.pop(name, None)
                except NoAuthError:
                    self._known[name] = (0, None)
                except Exception:
                    self._doubtful.update(wanted[start:])
                    raise
        return [known[1] for known in sorted(self._known.values(), key=lambda one: one[0]) if known[1] is not None]

    def _on_list(self, event: Any) -> None:
        self._wake.set()

    def _on_node(self, event: Any) -> None:
        self._doubtful.add(str(event.path).rsplit("/", 1)[-1])
        self._wake.set()


def _tls_handler(keys: "Optional[_Keys]", names: List[str]) -> Any:
    """Kazoo's own TLS checks no name: a member of the cluster could pose as the registry."""
    import socket

    from kazoo.handlers.threading import SequentialThreadingHandler  # type: ignore[import, unused-ignore]

    def addresses_of(host: str) -> Set[str]:
        try:
            return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
        except OSError:
            return set()

    class Handler(SequentialThreadingHandler):  # type: ignore[misc]
        def create_connection(self, address: Any, timeout: Optional[float] = None, **options: Any) -> Any:
            if keys is not None:
                context, cluster = keys.current()
                name = f"zookeeper.{_cluster_name(cluster)}"
            else:
                # Kazoo has looked the name up, and tells the address alone.
                context = ssl.create_default_context()
                name = next((one for one in names if address[0] in addresses_of(one)), address[0])
            plain = socket.create_connection(address[:2], timeout)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                wrapped = context.wrap_socket(plain, server_hostname=name)
                if keys is not None:
                    _assert_shows(wrapped.getpeercert() or {}, name)
                return wrapped
            except BaseException:
                plain.close()
                raise

    return Handler()


_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[\w.~-]+)?")


def read_instance(text: Optional[bytes], service: str = "") -> Optional[_Instance]:
    """A registration, in the form of Curator's service discovery; `None` if it is none, or switched off."""
    # Kazoo has `None` for a node that was made without any data.
    if text is None or len(text) > INSTANCE_BYTES_MAX:
        return None
    try:
        json_ = json.loads(text.decode("utf-8"))
        name = str(json_.get("name", service))
        # Windows and macOS have one directory for names that differ in case alone.
        if name != service and name.lower() == service.lower():
            return None
        ours = json_.get("rpc") or {}
        cluster = None if ours.get("tls") is None else str(ours["tls"]["cluster"])
        instance = _Instance(
            id=str(ours.get("id") or json_["id"]),
            host=json_["address"],
            port=json_["port"] if cluster is None else json_["sslPort"],
            weight=ours.get("weight", 1),
            cluster=cluster,
            secret=ours.get("secret") or None,
            started_at=json_.get("registrationTimeUTC") or 0,
        )
        is_good = (
            json_.get("enabled", True) is True
            and isinstance(instance.host, str)
            and _HOST.fullmatch(instance.host) is not None
            and type(instance.port) is int
            and 1 <= instance.port <= 65_535
            and _is_number(instance.weight)
            and 0 <= instance.weight <= 1_000_000
            and (instance.secret is None or isinstance(instance.secret, str))
            and _is_number(instance.started_at)
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return instance if is_good else None


_HOST_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%[\w.~-]+)?)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?")


def open_registry(url: str, keys: "Optional[_Keys]" = None) -> _Registry:
    """Reads a registry's URL, as `rpc call --registry` does."""
    scheme, colon, rest = url.strip().partition(":")
    if scheme == "static" and colon:
        return _StaticRegistry(url, _hosts(url, rest, None))
    if scheme == "local" and colon:
        return _LocalRegistry(url, rest or None)
    if scheme in ("zookeeper", "zookeepers") and rest.startswith("//"):
        return _open_zookeeper(url, scheme == "zookeepers", rest[2:], keys)
    raise _bad_registry(url, "it names no kind of registry")


def _open_zookeeper(url: str, is_tls: bool, rest: str, keys: "Optional[_Keys]") -> _Registry:
    # The last @ ends the login, so that a password may hold one.
    login, at, rest = rest.rpartition("@")
    rest, _, query = rest.partition("?")
    hosts, slash, path = rest.partition("/")
    members = _hosts(url, hosts, 2281 if is_tls else 2181)
    options: Dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name != "sessionTimeoutMs" or not value.isdigit():
            raise _bad_registry(url, f"{name}={value} is no setting; there is sessionTimeoutMs")
        options["timeout"] = int(value) / 1000
    if at:
        user, colon, password = login.partition(":")
        if not colon or not user:
            raise _bad_registry(url, "the login before @ must be user:password")
        options["auth_data"] = [("digest", f"{unquote(user)}:{unquote(password)}")]
    shown = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in members)
    chroot = f"/{path.rstrip('/')}".rstrip("/") if slash else ""
    kind = "zookeepers" if is_tls else "zookeeper"
    names = [host for host, _ in members]
    return _ZooKeeperRegistry(f"{kind}://{shown}{chroot}", shown + chroot, names, options, keys, is_tls)


def _hosts(url: str, text: str, port_default: Optional[int]) -> List[Tuple[str, int]]:
    hosts = []
    for item in text.split(","):
        match = _HOST_PORT.fullmatch(item.strip())
        port = None if match is None else match.group(3) or port_default
        if match is None or port is None or not 1 <= int(port) <= 65_535:
            # Not where a password may stand.
            shown = repr(item) if item in url[url.rfind("@") + 1 :] else "'***'"
            raise _bad_registry(url, f"{shown} is no host:port")
        hosts.append((match.group(1) or match.group(2), int(port)))
    return hosts


def _bad_registry(url: str, why: str) -> RpcError:
    # Whatever stands where a password may stand is not repeated.
    shown = re.sub(r"^([^:]*:)?(//)?.*@", r"\1\2***@", url, flags=re.DOTALL)
    return InvalidParams(
        f"Cannot use the registry {shown!r}: {why}; write local:, local:/some/dir, static:host:port,host:port or "
        "zookeeper://[user:password@]host:2181[,host:2181...][/chroot], or zookeepers:// for TLS"
    )


# Keys and settings


def _cluster_name(cluster: str) -> str:
    return f"{cluster}.rpc.internal"


class _Keys:
    """This machine's keys. They are read anew when their files change, since servers renew them."""

    NAMES = ("ca.crt", "machine.crt", "machine.key")

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._stamp = self._stamp_now()
        self._now, self._parts = self._read()
        self._is_troubled = False

    @staticmethod
    def of(directory: str) -> "Optional[_Keys]":
        """`None`: there are none. If there are some that cannot be used, nothing goes on without."""
        return _Keys(directory) if any(os.path.lexists(os.path.join(directory, n)) for n in _Keys.NAMES) else None

    def current(self) -> Tuple[ssl.SSLContext, str]:
        """How TLS is spoken, and the cluster's id."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            try:
                now, parts = self._read()
                self._stamp = stamp
                # Files that were only touched or written anew are no reason to connect anew.
                if parts != self._parts:
                    self._now, self._parts = now, parts
                self._is_troubled = False
            except RpcError as error:
                if not self._is_troubled:
                    log.warning("Going on with the keys of before: %s", error)
                self._is_troubled = True
        return self._now

    def _stamp_now(self) -> List[Any]:
        stamps: List[Any] = []
        for name in self.NAMES:
            try:
                info = os.stat(os.path.join(self._directory, name))
                stamps.append((info.st_mtime_ns, info.st_size, info.st_ino))
            except OSError:
                stamps.append(None)
        return stamps

    def _read(self) -> Tuple[Tuple[ssl.SSLContext, str], List[bytes]]:
        """How TLS is spoken, the cluster's id, and what both follow from."""
        pending = os.path.join(self._directory, "pending.key")
        try:
            now = self._whole(pending)
        except (OSError, ValueError) as error:
            raise InvalidParams(
                f"Cannot use the keys in {self._directory}: {error}; make them anew (rpc keys join), "
                "or go without (insecure=True)"
            ) from None
        return now

    def _whole(self, pending: str) -> Tuple[Tuple[ssl.SSLContext, str], List[bytes]]:
        """Where somebody writes them, or was killed then, the new keys are whole in one more file, which goes in the end.

        The others may be of two clusters then, which does not show when they are loaded.
        """
        if os.path.exists(pending):
            try:
                return self._keys_of(pending, pending, pending)
            except (OSError, ValueError):
                pass
        return self._keys_of(*(os.path.join(self._directory, name) for name in self.NAMES))

    def _keys_of(self, *paths: str) -> Tuple[Tuple[ssl.SSLContext, str], List[bytes]]:
        # Read first: if they change meanwhile, these parts are outdated at the next look, and not the keys.
        parts: Set[bytes] = set()
        for path in set(paths):
            with open(path, "rb") as file:
                text = file.read(KEY_FILE_BYTES_MAX + 1)
            parts.update(re.findall(rb"-----BEGIN[^-]+-----[^-]+-----END", re.sub(rb"\s", b"", text)) or [text])
        context = self._context_of(*paths)
        return (context, self._cluster_of(context)), sorted(parts)

    def _context_of(self, authority: str, certificate: str, key: str) -> ssl.SSLContext:
        for path in (authority, certificate, key):
            if os.stat(path).st_size > KEY_FILE_BYTES_MAX:
                raise ValueError(f"{path} is no certificate and no key")
        if sys.platform != "win32":
            if os.stat(key).st_mode & 0o077:
                raise ValueError(f"other users of this machine can read {key}; first: chmod 600 {key}")
        for path, mode in ((os.path.dirname(authority), 700), (authority, 644), (certificate, 644), (key, 600)):
            _assert_own(path, mode)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # This authority alone, and none of the system's.
        context.load_verify_locations(authority)
        maker = self._maker_of(certificate, context.get_ca_certs(binary_form=True))
        if maker is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.load_verify_locations(cadata=maker)
        context.load_cert_chain(certificate, key)
        return context

    def _maker_of(self, certificate: str, authorities: Sequence[bytes]) -> Optional[bytes]:
        """Of several authorities that one which a certificate names: a machine is of one cluster. `None`: there is one."""
        if len(authorities) < 2:
            return None
        with open(certificate, encoding="ascii") as file:
            blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", file.read(), re.DOTALL)
        own = b"".join(ssl.PEM_cert_to_DER_cert(block) for block in blocks)
        names = (re.search(rb"rpc cluster [0-9a-f]+", authority) for authority in authorities)
        named = (der for der, name in zip(authorities, names) if name is not None and name.group() in own)
        return next(named, None)

    def _cluster_of(self, context: ssl.SSLContext) -> str:
        """Its id stands in the name of the cluster's own certificate, which `rpc keys init` made."""
        for certificate in context.get_ca_certs():
            subject: Any = certificate.get("subject", ())
            for name, value in (pair for part in subject for pair in part):
                match = re.fullmatch(r"rpc cluster ([0-9a-f]+)", str(value))
                if name == "commonName" and match is not None:
                    return match.group(1)
        raise ValueError("ca.crt is no certificate of a cluster")


def _assert_own(path: str, mode: int) -> None:
    """Refuses a file or a directory that another user could have written. A group may be the user's own."""
    if sys.platform == "win32":
        return
    info, user = os.stat(path), os.getuid()
    # In a sticky directory, such as that of a mounted secret, only owners replace their files.
    if info.st_mode & (stat.S_ISVTX | 0o002) == 0o002:
        raise ValueError(f"other users of this machine can change {path}; first: chmod {mode} {path}")
    # Root runs programs for others, with the files that the environment names.
    if user != 0 and info.st_uid not in (0, user):
        raise ValueError(f"{path} is another user's (uid {info.st_uid}); first: sudo chown {user} {path}")


def _config_directory() -> Optional[str]:
    """Where this user's settings are; `None`: the environment does not tell."""
    named, *in_home = ("APPDATA", "AppData", "Roaming") if sys.platform == "win32" else ("XDG_CONFIG_HOME", ".config")
    homes = [os.environ.get(name, "") for name in ("HOME", "USERPROFILE")]
    places = [os.environ.get(named, "")] + [home and os.path.join(home, *in_home) for home in homes]
    # A relative one counts as not set: else whoever has keys would go on without, and not be told.
    base = next((place for place in places if os.path.isabs(place)), None)
    return os.path.join(base, "rpc") if base else None


def _setting(name: str) -> Optional[str]:
    """What the environment says, else the user's own rpc.toml. That of a working directory may be a stranger's."""
    said = os.environ.get(f"RPC_{name.upper()}")
    directory = _config_directory()
    if said or directory is None:
        return said or None
    path = os.path.join(directory, "rpc.toml")
    try:
        # Editors of Windows begin a file with a byte order mark.
        with open(path, encoding="utf-8-sig") as file:
            lines = file.read().split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        # Another registry than the one that the user has chosen would be no answer.
        raise InvalidParams(f"Cannot read {path}: {error}") from None
    try:
        _assert_own(path, 600)
        _assert_own(directory, 700)
    except OSError:
        pass  # It is being replaced just now.
    except ValueError as error:
        raise InvalidParams(f"Cannot use {path}: {error}") from None
    pattern = re.compile(rf"\s*{name}\s*=\s*(?:(\"(?:[^\"\\]|\\.)*\")|'([^']*)'|(true|false))\s*(?:#.*)?")
    for line in lines:
        match = pattern.fullmatch(line)
        if match is not None:
            double, single, word = match.groups()
            return str(json.loads(double)) if double is not None else single if single is not None else word
        if line.lstrip().startswith("["):
            break  # What follows is in a table of its own.
    return None


class _Options:
    """What both clients take, read and checked."""

    def __init__(
        self,
        registry: Optional[str],
        service: Optional[str],
        timeout: float,
        keys: Optional[str],
        insecure: Optional[bool],
        message_max: int,
        last_known_dir: "Union[str, os.PathLike[str], None]",
    ) -> None:
        self.service = service or _setting("service") or "rpc"
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", self.service) is None:
            raise InvalidParams(f"Cannot use the service name {self.service!r}: it must be letters, digits, . _ or -")
        if not _is_number(timeout) or not 0.001 <= timeout <= TIMEOUT_MAX:
            raise InvalidParams(f"Cannot use timeout={timeout!r}: it must be a number of seconds")
        self.timeout = timeout
        if type(message_max) is not int or not MESSAGE_MAX_LEAST <= message_max <= MESSAGE_MAX_MOST:
            bounds = f"from {MESSAGE_MAX_LEAST} to {MESSAGE_MAX_MOST}"
            raise InvalidParams(f"Cannot use message_max={message_max!r}: it must be a number of bytes {bounds}")
        self.message_max = message_max
        if insecure is None:
            insecure = (_setting("insecure") or "").lower() in ("1", "true", "yes", "on")
        named = directory = keys or os.environ.get("RPC_KEYS")
        if not directory:
            config = _config_directory()
            directory = None if config is None else os.path.join(config, "keys")
        self.keys = None if insecure or directory is None else _Keys.of(directory)
        if named and self.keys is None and not insecure:
            raise InvalidParams(f"There are no keys in {named}")
        if not insecure and self.keys is None and directory is not None:
            # A link to a place that is not mounted: whoever made it wants keys.
            if os.path.lexists(directory) and not os.path.isdir(directory):
                raise InvalidParams(f"Cannot read keys in {directory}: it is no directory and no link to one")
        self.registry = open_registry(registry or _setting("registry") or "local:", self.keys)
        if last_known_dir is not None and isinstance(self.registry, _ZooKeeperRegistry):
            self.registry.remember(os.fspath(last_known_dir), self.service)


# Clients


class _Api:
    """Procedures as methods: `api.add(1, 2)`, or `api["math.add"](a=1, b=2)`."""

    def __init__(self, call: Callable[..., Any], options: Dict[str, Any]) -> None:
        self._call, self._options = call, options

    def __getitem__(self, method: str) -> Callable[..., Any]:
        def procedure(*params: Any, **named: Any) -> Any:
            if params and named:
                raise InvalidParams(f"Cannot call {method}: give its parameters by position or by name, not both")
            return self._call(method, named or list(params), **self._options)

        procedure.__name__ = method
        return procedure

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("__"):
            raise AttributeError(method)
        return self[method]


class AsyncClient:
    """A client for asyncio: `async with AsyncClient() as client: await client.call("fib", [32])`.

    registry: `local:`, `static:host:port,...` or `zookeeper://host:2181[/chroot]`.
    timeout: how long a call may take that says nothing of its own, in seconds.
    keys: the directory of this machine's keys, where it is not the usual one.
    insecure: goes without keys, and only to servers that do too.
    message_max: the longest answer that is taken, in bytes.
    last_known_dir: where the last list of a ZooKeeper is kept, for an outage. By default it is not.

    A call that is given up by cancelling its task is stopped at the server too.
    """

    def __init__(
        self,
        registry: Optional[str] = None,
        service: Optional[str] = None,
        *,
        timeout: float = TIMEOUT_DEFAULT,
        keys: Optional[str] = None,
        insecure: Optional[bool] = None,
        message_max: int = MESSAGE_MAX_DEFAULT,
        last_known_dir: "Union[str, os.PathLike[str], None]" = None,
    ) -> None:
        self._options = _Options(registry, service, timeout, keys, insecure, message_max, last_known_dir)
        self._core: Optional[_Core] = None
        self._is_closed = False

    def _started(self) -> _Core:
        if self._is_closed:
            raise _closed()
        if self._core is None:
            self._core = _Core(self._options)
        if self._core.loop is not asyncio.get_running_loop():
            raise RuntimeError("An AsyncClient belongs to the event loop that first used it")
        return self._core

    async def call(
        self,
        method: str,
        params: Optional[Params] = None,
        *,
        timeout: Optional[float] = None,
        idempotent: Optional[bool] = None,
    ) -> Any:
        """Calls a method: parameters by position as a list, by name as a dict. Raises an RpcError.

        `idempotent` says whether running it twice does no harm, where the server does not.
        """
        core = self._started()
        return await core.run(core.new_call(method, params, timeout, idempotent))

    async def stream(
        self,
        method: str,
        params: Optional[Params] = None,
        *,
        timeout: Optional[float] = None,
        idempotent: Optional[bool] = None,
        credit: int = CREDIT_DEFAULT,
    ) -> AsyncIterator[Any]:
        """The items of a stream as they come; leaving the loop stops the server. The deadline is over all.

        `credit`: how many items may be under way before they are read.
        """
        core = self._started()
        batches = core.batches(core.new_call(method, params, timeout, idempotent, credit))
        try:
            async for batch in batches:
                for item in batch:
                    yield item
        finally:
            await batches.aclose()  # type: ignore[attr-defined]

    def procedures(self, **options: Any) -> Any:
        """Procedures as methods: `await client.procedures(timeout=5).fib(32)`."""
        return _Api(self.call, options)

    def streams(self, **options: Any) -> Any:
        """Streams as methods: `async for n in client.streams().count(10)`."""
        return _Api(self.stream, options)

    @property
    def connected(self) -> List[str]:
        """The addresses of the servers that calls can be sent to now."""
        return [] if self._core is None else self._core.connected

    async def close(self) -> None:
        """Ends all calls as Cancelled, and closes the connections."""
        self._is_closed = True
        if self._core is not None:
            await self._core.close()

    def __reduce__(self) -> Any:
        raise TypeError("A client can be neither copied nor sent to another process: make one there")

    async def __aenter__(self) -> "AsyncClient":
        self._started()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self.close()


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.close()


def _begin_to_end(core: _Core, pid: int) -> None:
    """Has a client's thread close its connections and end. It does not wait: whoever collects garbage calls it."""
    if os.getpid() == pid:
        asyncio.run_coroutine_threadsafe(_end(core), core.loop)


async def _end(core: _Core) -> None:
    try:
        await core.close()
    finally:
        # A turn later, when whoever was waiting has been told.
        core.loop.call_soon(core.loop.stop)


class Client:
    """A client for ordinary code; any number of threads may use one at once.

    Its options are those of `AsyncClient`. It has a thread of its own, so it must be made after a
    fork, not before. Ctrl-C while a call waits gives the call up, at the server too.
    """

    def __init__(
        self,
        registry: Optional[str] = None,
        service: Optional[str] = None,
        *,
        timeout: float = TIMEOUT_DEFAULT,
        keys: Optional[str] = None,
        insecure: Optional[bool] = None,
        message_max: int = MESSAGE_MAX_DEFAULT,
        last_known_dir: "Union[str, os.PathLike[str], None]" = None,
    ) -> None:
        options = _Options(registry, service, timeout, keys, insecure, message_max, last_known_dir)
        self._loop = asyncio.new_event_loop()
        # Whoever holds it may collect garbage, and leave a stream by that.
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._is_closed = False
        # It must not hold this client, which ends it when nobody holds that any more.
        self._thread = threading.Thread(target=_turn, args=(self._loop,), name="rpc client", daemon=True)
        self._thread.start()

        async def start() -> _Core:
            return _Core(options)

        self._core: _Core = asyncio.run_coroutine_threadsafe(start(), self._loop).result()
        self._forgotten = weakref.finalize(self, _begin_to_end, self._core, self._pid)

    def _has_ended(self) -> bool:
        """Whether it was closed, or the program is at its end: then its thread does nothing more."""
        return self._is_closed or not self._forgotten.alive

    def _submit(self, work: "Coroutine[Any, Any, Any]") -> Any:
        with self._lock:
            if not self._has_ended() and os.getpid() == self._pid:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
        work.close()
        if self._has_ended():
            raise _closed()
        raise Unavailable("This client was made before a fork: make another in the new process")

    def _wait(self, work: "Coroutine[Any, Any, Any]") -> Any:
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("A callback of submit() runs where answers are read: it must not wait for one")
        future = self._submit(work)
        try:
            while sys.platform == "win32" and not future.done():
                # Ctrl-C does not end a wait there, but counts between two.
                concurrent.futures.wait([future], CTRL_C_EVERY)
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def submit(
        self,
        method: str,
        params: Optional[Params] = None,
        *,
        timeout: Optional[float] = None,
        idempotent: Optional[bool] = None,
    ) -> Any:
        """Begins a call and returns its `concurrent.futures.Future`, whose `cancel()` gives it up."""
        call = self._core.new_call(method, params, timeout, idempotent)
        return self._submit(self._core.run(call))

    def call(
        self,
        method: str,
        params: Optional[Params] = None,
        *,
        timeout: Optional[float] = None,
        idempotent: Optional[bool] = None,
    ) -> Any:
        """Calls a method: parameters by position as a list, by name as a dict. Raises an RpcError.

        `idempotent` says whether running it twice does no harm, where the server does not.
        """
        call = self._core.new_call(method, params, timeout, idempotent)
        return self._wait(self._core.run(call))

    def stream(
        self,
        method: str,
        params: Optional[Params] = None,
        *,
        timeout: Optional[float] = None,
        idempotent: Optional[bool] = None,
        credit: int = CREDIT_DEFAULT,
    ) -> Iterator[Any]:
        """The items of a stream as they come; leaving the loop stops the server. The deadline is over all.

        `credit`: how many items may be under way before they are read.
        """

        async def begin() -> Any:
            return self._core.batches(self._core.new_call(method, params, timeout, idempotent, credit))

        async def more() -> Optional[List[Any]]:
            async for batch in batches:
                return list(batch)
            return None

        async def leave() -> None:
            await batches.aclose()

        batches = self._wait(begin())
        try:
            while True:
                batch = self._wait(more())
                if batch is None:
                    return
                yield from batch
        finally:
            # Not waited for: this may run wherever garbage is collected, also in the loop's own thread.
            try:
                self._submit(leave())
            except RpcError:
                pass  # There is nothing to leave any more, or this process was forked from the one that reads it.

    def procedures(self, **options: Any) -> Any:
        """Procedures as methods: `client.procedures(timeout=5).fib(32)`."""
        return _Api(self.call, options)

    def streams(self, **options: Any) -> Any:
        """Streams as methods: `for n in client.streams().count(10)`."""
        return _Api(self.stream, options)

    @property
    def connected(self) -> List[str]:
        """The addresses of the servers that calls can be sent to now."""
        return self._core.connected

    def close(self) -> None:
        """Ends all calls as Cancelled, and closes the connections."""
        with self._lock:
            if self._is_closed or os.getpid() != self._pid:
                return
            self._is_closed = True
        self._forgotten()
        # A callback of submit() runs in that thread.
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __reduce__(self) -> Any:
        raise TypeError("A client can be neither copied nor sent to another process: make one there")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *raised: Any) -> None:
        self.close()
