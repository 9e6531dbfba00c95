"""A value held against a JSON schema, as far as `report.SCHEMA` uses the language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "integer": (int,),
    "number": (int, float),
}
"""The types of Python for those of JSON; `bool`, which is an int to Python, is none to JSON."""


def faults(value: Any, schema: dict[str, Any], place: str = "") -> Iterator[str]:
    """What of a value is not as a schema says, each as a sentence without its end.

    Args:
        value: from JSON.
        schema: with the words type, enum, const, anyOf, required, properties, additionalProperties and items.
        place: what the value is called, such as ``results[3].ulp``.
    """
    choices = schema.get("anyOf", [schema])
    if not any(_fits(value, one) for one in choices):
        yield f"{place or 'it'} is {_shown(value)}, expected {' or '.join(map(_expected, choices))}"
        return
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{place or 'it'} has no {name!r}"
        for name, one in value.items():
            if name in known:
                yield from faults(one, known[name], f"{place}.{name}" if place else name)
            elif not schema.get("additionalProperties", True):
                yield f"{place or 'it'} has {name!r}, which is not in the schema"
    if isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            yield from faults(one, schema["items"], f"{place}[{number}]")


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value itself, without what is in it, is as the schema says."""
    if "const" in schema:
        return type(value) is type(schema["const"]) and value == schema["const"]
    if "enum" in schema:
        return isinstance(value, str) and value in schema["enum"]
    return any(_is(value, kind) for kind in _kinds(schema))


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _kinds(schema: dict[str, Any]) -> list[str]:
    kinds = schema.get("type", list(KINDS))
    return [kinds] if isinstance(kinds, str) else kinds


def _expected(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return " or ".join(map(repr, schema["enum"]))
    return " or ".join(_kinds(schema))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
