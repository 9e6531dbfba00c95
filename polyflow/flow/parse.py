"""The parser of graphs' text: what `polyflow.flow.text` writes, read by a descent over its few rules.

    graph    = "graph" "(" [%name ":" type {"," …}] ")" "{" {node} "return" [operand {"," operand}] "}"
    node     = %name ":" type "=" op "(" [operand {"," …}] [name "=" literal {"," …}] ")"
    type     = dtype "[" [size {"," size}] "]"  |  "(" type {"," type} ")"
    operand  = %name  |  number [":" dtype]

Nothing is evaluated. A comment runs from ``#`` to the end of its line.
"""

from __future__ import annotations

import ast
import base64
import binascii
import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from .. import dtypes as dt
from ..backend.keys import Slice
from ..errors import GraphTextError, PolyflowError, nearest
from ..ops.declare import OPS, Op
from ..ops.rules import Spec
from ..ops.several import PACKED
from .control.op import CONTROL, Control
from .graph import Graph, Node, Value
from .text import typed, weak
from .tokens import END, Token, tokens

DTYPES = {dtype.name: dtype for dtype in dt.ALL}
_WORDS = {"True": True, "False": False, "None": None}
_ENDLESS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan, "-nan": math.nan}


def parse(text: str) -> Graph:
    """The graph of a text; raises GraphTextError where it is none."""
    if not isinstance(text, str):
        raise GraphTextError(f"Graph.parse takes a text; got {type(text).__name__}.")
    parser = Parser(text)
    try:
        graph = parser.graph()
    except RecursionError:
        parser.fail("fewer containers or graphs inside one another")
    if parser.next.kind != END:
        parser.fail("the end of the text after the graph")
    return graph


class Parser:
    """Goes through the tokens of a text once."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._at]

    def take(self) -> Token:
        """The next token, gone past."""
        token = self._tokens[self._at]
        self._at += token.kind != END
        return token

    def fail(self, expected: str) -> NoReturn:
        """Raise for the next token."""
        raise GraphTextError(f"line {self.next.line}: found {self.next.shown}; expected {expected}.")

    @staticmethod
    def wrong(token: Token, sentence: str) -> NoReturn:
        """Raise for what a token says."""
        raise GraphTextError(f"line {token.line}: {sentence}")

    def accept(self, text: str) -> bool:
        """Go past a sign or word, if it is next."""
        found = self.next.kind in ("sign", "word") and self.next.text == text
        self._at += found
        return found

    def expect(self, text: str, where: str) -> Token:
        """Go past a sign or word that has to come."""
        token = self.next
        if not self.accept(text):
            self.fail(f"{text!r} {where}")
        return token

    def listed(self, end: str, item: Callable[[], Any], what: str) -> list[Any]:
        """Items with commas between them, up to ``end``, which is gone past; a comma may stand at the end."""
        found = []
        while not self.accept(end):
            found.append(item())
            if not self.accept(","):
                self.expect(end, f"or ',' {what}")
                break
        return found

    # Graphs ----------------------------------------------------------------------------------------------------------

    def graph(self) -> Graph:
        """A graph."""
        self.expect("graph", "at the beginning of a graph")
        return _Body(self).read()

    def value(self) -> tuple[Token, Value]:
        """A new value with its type."""
        token = self.take_kind("value", "the name of a value, such as %x")
        self.expect(":", f"and a type after %{token.text}")
        shape, dtype = self.type()
        return token, Value(shape, dtype, "" if token.text.isdigit() else token.text)

    def is_attribute(self) -> bool:
        """Whether a word with ``=`` after it comes next."""
        return self._tokens[self._at + 1][:2] == ("sign", "=")

    def take_kind(self, kind: str, expected: str) -> Token:
        """The next token, which has to be of a kind."""
        return self.take() if self.next.kind == kind else self.fail(expected)

    def type(self) -> Spec:
        """A dtype and shape."""
        if self.accept("("):
            return Spec(tuple(self.listed(")", self.type, "after a type")), PACKED)
        dtype = self.dtype("a type, such as float32[2, 3]")
        self.expect("[", f"and a shape after {dtype.name}")
        return Spec(tuple(self.listed("]", self.size, "after a size")), dtype)

    def dtype(self, expected: str) -> np.dtype:
        """A dtype by name."""
        token = self.take_kind("word", expected)
        if token.text not in DTYPES:
            near = _near(token.text, DTYPES)
            self.wrong(token, f"found {token.text!r}, which is no dtype.{near} Expected one of {', '.join(DTYPES)}.")
        return DTYPES[token.text]

    def size(self) -> int:
        """A size of a shape; -1 is any."""
        token = self.take_kind("number", "a size, an integer of 0 or more")
        size = _number(token.text)
        if size.__class__ is not int or size < -1:
            self.wrong(token, f"found the size {token.text}; expected an integer of 0 or more.")
        return size

    # Literals --------------------------------------------------------------------------------------------------------

    def literal(self) -> Any:
        """An attribute's value."""
        token = self.next
        if token.kind == "number":
            number = _number(self.take().text)
            return self._slice(number) if number.__class__ is int and self.accept(":") else number
        if token.kind == "string":
            return ast.literal_eval(self.take().text)
        if token.kind == "sign":
            if self.accept("..."):
                return ...
            if self.accept("("):
                return self._tuple()
            if self.accept("["):
                return self.listed("]", self.literal, "after an element")
            if self.accept("{"):
                return dict(self.listed("}", self._item, "after an item"))
        if token.kind == "word":
            if token.text in _WORDS:
                return _WORDS[self.take().text]
            if token.text == "graph":
                return self.graph()
            if token.text in ("complex", "slice", "array"):
                return self._made(self.take())
            if token.text in DTYPES:
                dtype = self.dtype("")
                return self._scalar(dtype) if self.accept("(") else dtype
        return self.fail("a literal: a number, string, None, tuple, list, dict, dtype, slice, array or graph")

    def _tuple(self) -> tuple[Any, ...]:
        return tuple(self.listed(")", self.literal, "after an element"))

    def _item(self) -> tuple[Any, Any]:
        key = self.literal()
        self.expect(":", "after a key")
        return key, self.literal()

    def _slice(self, start: int) -> Slice:
        stop = self.integer() if self.next.kind == "number" else None
        self.expect(":", "in a slice, start:stop:step")
        return Slice(start, stop, self.integer())

    def integer(self) -> int:
        """An integer."""
        token = self.take_kind("number", "an integer")
        number = _number(token.text)
        if number.__class__ is not int:
            self.wrong(token, f"found {token.text}; expected an integer.")
        return number

    def _scalar(self, dtype: np.dtype) -> Any:
        token, value = self.next, self.literal()
        self.expect(")", f"after the value of {dtype.name}(…)")
        if value.__class__ not in dt.SCALARS:
            self.wrong(token, f"found {token.shown} in {dtype.name}(…); expected a number.")
        return np.asarray(value).astype(dtype)[()]

    def _made(self, token: Token) -> Any:
        """What is written as a call: complex, slice, array."""
        self.expect("(", f"after {token.text}")
        if token.text == "array":
            return self._array(token)
        parts = self._tuple()
        try:
            return complex(*parts) if token.text == "complex" else slice(*parts)
        except (TypeError, ValueError):
            self.wrong(token, f"{token.text}{parts} is none: expected complex(real, imag) or slice(start, stop, step).")

    def _array(self, token: Token) -> np.ndarray:
        shape, dtype = self.type()
        self.expect(",", "and the elements after an array's type")
        elements = self.literal()
        self.expect(")", "after an array's elements")
        try:
            if isinstance(elements, str):
                flat = np.frombuffer(base64.b64decode(elements, validate=True), dtype)
            else:
                flat = np.array(elements).astype(dtype) if elements else np.empty(0, dtype)
            return flat.reshape(shape).copy()
        except (TypeError, ValueError, binascii.Error):
            self.wrong(
                token, f"the elements of this array do not make {typed(Value(shape, dtype))}: expected so many numbers."
            )


class _Body:
    """One graph, with the names of its values."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.values: dict[str, Value] = {}
        self.lines: dict[str, int] = {}

    def read(self) -> Graph:
        parser = self.parser
        parser.expect("(", "after 'graph'")
        inputs = parser.listed(")", self._input, "after an input")
        parser.expect("{", "after the inputs")
        nodes = []
        while parser.next.kind == "value":
            nodes.append(self._node())
        if parser.next.kind == "sign" and parser.next.text == "}":
            parser.fail("'return' and the results before the end of the graph")
        parser.expect("return", "or a node, %name: type = op(…)")
        outputs = [] if parser.accept("}") else parser.listed("}", self._operand, "after a result")
        return Graph(inputs, nodes, self._constants(outputs))

    def _define(self, token: Token, value: Value) -> Value:
        if token.text in self.values:
            self.parser.wrong(
                token,
                f"%{token.text} is defined again; line {self.lines[token.text]} has it already. Expected a new name.",
            )
        self.values[token.text] = value
        self.lines[token.text] = token.line
        return value

    def _input(self) -> Value:
        return self._define(*self.parser.value())

    def _operand(self) -> Value:
        parser = self.parser
        token = parser.next
        if token.kind == "value":
            parser.take()
            if token.text not in self.values:
                near = _near(token.text, self.values, "%")
                parser.wrong(token, f"%{token.text} is used and not defined.{near} Expected a value defined above.")
            return self.values[token.text]
        scalar = _number(parser.take().text) if token.kind == "number" else parser.literal()
        if scalar.__class__ not in dt.SCALARS:
            parser.wrong(token, f"found {token.shown}; expected a value, such as %x, or a number.")
        dtype: Any = parser.dtype("a dtype after the ':' of a number") if parser.accept(":") else None
        return Value((), dtype, scalar=scalar)

    @staticmethod
    def _constants(values: list[Value]) -> list[Value]:
        """Operands, with the dtypes of numbers where none was written."""
        for value, dtype in zip(values, weak(values), strict=True):
            if value.dtype is None:
                value.dtype = dtype  # type: ignore[assignment]
        return values

    def _node(self) -> Node:
        parser = self.parser
        token, output = parser.value()
        parser.expect("=", f"and an op after the type of %{token.text}")
        name = parser.take_kind("word", "the name of an op")
        op = _ops().get(name.text)
        if op is None:
            parser.wrong(name, f"there is no op {name.text!r}.{_near(name.text, _ops())} Expected the name of an op.")
        parser.expect("(", f"after {name.text}")
        inputs: list[Value] = []
        attrs: dict[str, Any] = {}

        def argument() -> None:
            following = parser.next
            if following.kind == "word" and following.text in op.defaults:
                self._attribute(op, attrs)
            elif following.kind == "word" and parser.is_attribute():
                known = ", ".join(op.defaults) or "none"
                near = _near(following.text, op.defaults)
                parser.wrong(
                    following, f"{op.name} has no attribute {following.text!r}.{near} Expected one of its own: {known}."
                )
            elif attrs:
                parser.fail("an attribute, name=value: values come before attributes")
            else:
                inputs.append(self._operand())

        parser.listed(")", argument, f"after an argument of {op.name}")
        self._check(name, op, self._constants(inputs), attrs, output)
        self._define(token, output)
        return Node(op, tuple(inputs), {key: attrs[key] for key in op.defaults if key in attrs}, output)

    def _attribute(self, op: Op, attrs: dict[str, Any]) -> None:
        parser = self.parser
        token = parser.take()
        parser.expect("=", f"after the attribute {token.text!r}")
        if token.text in attrs:
            parser.wrong(token, f"{op.name} has the attribute {token.text!r} twice. Expected it once.")
        attrs[token.text] = parser.literal()

    def _check(self, token: Token, op: Op, inputs: list[Value], attrs: dict[str, Any], output: Value) -> None:
        """Raise unless the op takes these inputs and attributes and gives that output."""
        wrong = self.parser.wrong
        count, least = len(inputs), len(op.tensors) - op.variadic
        if count < least or (count > least and not op.variadic):
            wanted = f"{'at least ' * op.variadic}{least}" + f" ({', '.join(op.tensors)})" * bool(op.tensors)
            wrong(token, f"{op.name} has {count} argument{'s' * (count != 1)}; expected {wanted}.")
        missing = [name for name in op.defaults if name not in attrs]
        if missing:
            wrong(token, f"{op.name} lacks the attribute {missing[0]!r}. Expected all of {', '.join(op.defaults)}.")
        specs = tuple([Spec(value.shape, value.dtype) for value in inputs])
        if any(spec.dtype is not PACKED and -1 in spec.shape for spec in (*specs, output)):
            return  # sizes that come with a call
        for name in op.graphs:
            if attrs[name].__class__ is not Graph:
                wrong(token, f"{op.name} has {attrs[name]!r} for {name}; expected a graph.")
        try:
            if isinstance(op, Control):
                op.check(specs, attrs)
            found: Any = op.infer(specs, attrs)
        except RecursionError:
            raise
        except Exception as error:
            if isinstance(error, PolyflowError):
                raise GraphTextError(f"line {token.line}: {error}") from error
            given = ", ".join(f"{key}={value!r}" for key, value in attrs.items() if key not in op.graphs)
            wrong(token, f"{op.name} cannot be had with {given}: {error}. Expected values as a printed graph has them.")
        if (tuple(found.shape), found.dtype) != (output.shape, output.dtype):
            wrong(
                token, f"{op.name} is said to give {typed(output)}; expected {typed(Value(*found))} of these arguments."
            )


def _ops() -> dict[str, Op]:
    return {**OPS, **CONTROL}


def _number(text: str) -> Any:
    if text in _ENDLESS:
        return _ENDLESS[text]
    return float(text) if any(letter in ".eE" for letter in text) else int(text)


def _near(name: str, known: Any, sign: str = "") -> str:
    found = [f"'{sign}{one}'" for one in nearest(name, known)]
    return f" Did you mean {' or '.join(found)}?" if found else ""
