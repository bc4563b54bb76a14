"""The functions of a user's file as procedures, and the module `rpc` that such a file may import."""

import contextvars
import inspect
import os
import types
from typing import Any, Dict, List, Optional, Tuple, Union

from rpc_hints import Bounds, Hint, anything, hints_of, item_hint_of
from rpc_values import Issue, Path, Unfit, plain, said

_MARK = "__rpc_procedure__"
_RESERVED_PREFIX = "rpc."
_NAME_LENGTH_MAX = 256

_STARS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
"""What stands before the name of a parameter that takes all others."""

_OUTSIDE = object()
"""In place of a caller, where no call runs."""

caller_of_call: "contextvars.ContextVar[Any]" = contextvars.ContextVar("caller", default=_OUTSIDE)


def _leave_call() -> None:
    caller_of_call.set(_OUTSIDE)


if hasattr(os, "register_at_fork"):
    # A process that one call has started may do the work of others.
    os.register_at_fork(after_in_child=_leave_call)


class InvalidParams(ValueError):
    """Raised by a function whose parameters are wrong in a way that no type hint tells."""


def procedure(function: Any = None, **options: Any) -> Any:
    """Says more of a function: `@procedure(idempotent=True, kind="io", name="math.add")`."""
    unknown = sorted(set(options) - {"idempotent", "kind", "name"})
    if unknown:
        raise TypeError(f"procedure() has no option {unknown[0]!r}: there are idempotent, kind and name")
    if options.get("kind", "cpu") not in ("cpu", "io"):
        raise ValueError('kind must be "cpu" (one call at a time) or "io" (many at once)')

    def mark(marked: Any) -> Any:
        setattr(marked, _MARK, options)
        return marked

    return mark if function is None else mark(function)


def caller() -> Optional[str]:
    """
    Who calls; None: the server has no keys. Raises RuntimeError in threads and processes of the function's
    own, where None would look like a server without keys.
    """
    known = caller_of_call.get()
    if known is _OUTSIDE:
        raise RuntimeError("caller() is not known here: ask before you start a thread or a process, and pass it on")
    return known


def public_module() -> types.ModuleType:
    """What `import rpc` gives a user's file."""
    module = types.ModuleType("rpc", "What a file served by `rpc serve` may say of its functions.")
    for member in (procedure, caller, InvalidParams, Bounds):
        setattr(module, member.__name__, member)
    return module


class Procedure:
    """One function, ready to be described and called."""

    def __init__(self, name: str, function: Any) -> None:
        options: Dict[str, Any] = getattr(function, _MARK, {})
        self.name = str(options.get("name") or name)
        self.function = function
        inner = inspect.unwrap(function)
        # Of decorators the outermost that says what it returns, else the function itself.
        telling = inspect.unwrap(function, stop=_is_telling)
        self.is_async_stream = inspect.isasyncgenfunction(telling)
        self.is_async = inspect.iscoroutinefunction(telling) or self.is_async_stream
        self.is_stream = inspect.isgeneratorfunction(telling) or self.is_async_stream
        self.kind = "io" if self.is_async else options.get("kind", "cpu")
        self.is_idempotent = bool(options.get("idempotent", False))
        self._parameters = _parameters_of(name, function)
        self._hints = hints_of(inner)
        named = [one for one in self._parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
        self._named = {one.name: one for one in named}
        self._more_positional = self._variadic(inspect.Parameter.VAR_POSITIONAL)
        self._more_named = self._variadic(inspect.Parameter.VAR_KEYWORD)
        # What takes all others can be given as it is described, too: as one parameter.
        variadic = [one for one in self._parameters if one.kind in _STARS]
        self._starred = {f"{_STARS[one.kind]}{one.name}": one.kind for one in variadic}
        self._returned = item_hint_of(inner) if self.is_stream else self._hints.get("return", anything)
        self.sends = self._returned.sends

    def _variadic(self, kind: Any) -> Optional[Hint]:
        names = [one.name for one in self._parameters if one.kind == kind]
        return self._hints.get(names[0], anything) if names else None

    def describe(self) -> Dict[str, Any]:
        """As an OpenRPC method."""
        text = inspect.getdoc(self.function) or ""
        summary, _, description = text.partition("\n")
        method: Dict[str, Any] = {
            "name": self.name,
            "params": [self._describe(one) for one in self._parameters],
            "paramStructure": "either",
            "x-kind": self.kind,
            "x-idempotent": self.is_idempotent,
            "x-stream": self.is_stream,
        }
        if summary:
            method["summary"] = summary
        if description.strip():
            method["description"] = description.strip()
        if self._returned is not anything:
            method["result"] = {"name": "item" if self.is_stream else "result", "schema": self._returned.schema}
        return method

    def _describe(self, one: inspect.Parameter) -> Dict[str, Any]:
        schema = dict(self._hints.get(one.name, anything).schema)
        stars = _STARS.get(one.kind, "")
        if stars == "*":
            schema = {"type": "array", "items": schema}
        elif stars == "**":
            schema = {"type": "object", "additionalProperties": schema}
        if one.default is not one.empty:
            try:
                schema["default"] = plain(one.default)
            except Unfit:
                pass  # Nothing that could be shown, such as an object: the function fills it in.
        is_required = one.default is one.empty and stars == ""
        return {"name": f"{stars}{one.name}", "required": is_required, "schema": schema}

    def said(self, issues: List[Issue]) -> str:
        """Issues in words, with the names of parameters that were given by position."""
        names = list(self._named)

        def named(path: Path) -> Path:
            if not path or not isinstance(path[0], int):
                return path
            is_known = path[0] < len(names)
            return (names[path[0]] if is_known else f"parameter {path[0] + 1}",) + path[1:]

        return "; ".join(said(named(path), message) for path, message in issues)

    def bind(self, params: Any) -> Tuple[List[Any], Dict[str, Any]]:
        """The arguments of a call, checked; raises Unfit before anything of the function has run."""
        issues: List[Issue] = []
        values: Dict[str, Any] = {}
        more_positional: List[Any] = []
        more_named: Dict[str, Any] = {}

        def take(hint: Hint, value: Any, path: Path) -> Any:
            try:
                return hint.convert(value, path)
            except Unfit as unfit:
                issues.extend(unfit.issues)

        def take_named(name: str, value: Any, path: Path) -> None:
            one = self._named[name]
            # `name: str = None` allows null, whatever its hint says.
            is_null = value is None and one.default is None
            values[name] = None if is_null else take(self._hints.get(name, anything), value, path)

        def take_starred(name: str, value: Any) -> None:
            is_positional = self._starred[name] is inspect.Parameter.VAR_POSITIONAL
            hint = (self._more_positional if is_positional else self._more_named) or anything
            if not isinstance(value, list if is_positional else dict):
                issues.append(((name,), f"must be an {'array' if is_positional else 'object'}"))
            elif is_positional:
                more_positional.extend(take(hint, item, (name, at)) for at, item in enumerate(value))
            else:
                for key, item in value.items():
                    if key in self._named or key in params:
                        issues.append(((name, key), "is a parameter of its own"))
                    more_named[key] = take(hint, item, (name, key))

        if isinstance(params, dict):
            for name, value in params.items():
                if name in self._named:
                    take_named(name, value, (name,))
                elif name in self._starred:
                    take_starred(name, value)
                elif self._more_named is None:
                    issues.append(((name,), "is not known"))
                else:
                    more_named[name] = take(self._more_named, value, (name,))
        else:
            names = list(self._named)
            if self._more_positional is not None:
                names = [n for n in names if self._named[n].kind is not inspect.Parameter.KEYWORD_ONLY]
            for index, value in enumerate(params or ()):
                if index < len(names):
                    take_named(names[index], value, (index,))
                elif self._more_positional is None:
                    issues.append(((index,), f"is one too many: {self.name} takes at most {len(names)}"))
                else:
                    more_positional.append(take(self._more_positional, value, (index,)))
        for index, (name, one) in enumerate(self._named.items()):
            if name not in values and one.default is one.empty:
                where: Union[str, int] = name if isinstance(params, dict) else index
                issues.append(((where,), "is missing"))
        if issues:
            raise Unfit(issues)
        return self._arguments(values, more_positional, more_named)

    def _arguments(
        self, values: Dict[str, Any], more: List[Any], named: Dict[str, Any]
    ) -> Tuple[List[Any], Dict[str, Any]]:
        positional, keywords = [], dict(named)
        for name, one in self._named.items():
            if one.kind is one.KEYWORD_ONLY:
                if name in values:
                    keywords[name] = values[name]
            else:
                positional.append(values.get(name, one.default))
        return positional + more, keywords


def _is_telling(function: Any) -> bool:
    kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    return any(is_kind(function) for is_kind in kinds)


def _parameters_of(name: str, function: Any) -> List[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        # As of max(), which is written in C and does not tell them.
        raise ValueError(
            f"{name} cannot be served: Python does not know its parameters; write a function that calls it"
        ) from None


def procedures_of(module: types.ModuleType) -> Dict[str, Procedure]:
    """The functions that `__all__` lists; without one those that a module defines itself, except `_name`."""
    procedures: Dict[str, Procedure] = {}
    listed = _listed(module)
    for name, value in list(vars(module).items()) if listed is None else listed:
        if not (_is_served(name, value, module) if listed is None else _is_function(value)):
            continue
        one = Procedure(name, value)
        if one.name.startswith(_RESERVED_PREFIX) or len(one.name) > _NAME_LENGTH_MAX:
            raise ValueError(
                f"{name} cannot be served as {one.name!r}: names that begin with {_RESERVED_PREFIX!r} "
                f"belong to the protocol, and {_NAME_LENGTH_MAX} characters are the most"
            )
        if one.name in procedures and procedures[one.name].function is not value:
            raise ValueError(f"two functions are to be served as {one.name!r}")
        procedures[one.name] = one
    return procedures


def _listed(module: types.ModuleType) -> Optional[List[Tuple[str, Any]]]:
    """What `__all__` lists, wherever it was defined; `None`: there is none."""
    names = vars(module).get("__all__")
    if names is None:
        return None
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"__all__ must be a list of names, not {names!r}")
    missing = [name for name in names if not hasattr(module, name)]
    if missing:
        raise ValueError(f"__all__ lists {missing[0]!r}, which the file does not define")
    return [(name, getattr(module, name)) for name in names]


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, type)


def _is_served(name: str, value: Any, module: types.ModuleType) -> bool:
    if not _is_function(value):
        return False
    if getattr(value, "__module__", None) != module.__name__:
        return False
    if _MARK in getattr(value, "__dict__", {}):
        return True
    # A decorator leaves a function, or something that says what it wraps.
    is_function = inspect.isfunction(value) or inspect.isfunction(getattr(value, "__wrapped__", None))
    return is_function and not name.startswith("_")
