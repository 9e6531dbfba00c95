"""scan: a function applied along the first axis of tensors, which hands something on from one element to the next."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import dtypes as dt
from ... import tree
from ...backend import selection
from ...callables import check_function
from ...ops import creation
from ...ops.call import interpreter
from ...ops.elementwise import logical_or
from ...ops.indexing import getitem
from ...ops.rules import Spec
from ...ops.several import parts
from ...ops.shape import stack
from ...tensor import asarray
from ..guards import Guard, Guards, either, guard_of, mask_of
from ..interpreter import inside
from ..trace import Tracer
from .agreement import elements, handed_on, length_of, tensors
from .arrays import Arrays, holds_arrays
from .narrowing import carried, with_few
from .nested import Nested, Outside, closed, depending, masks_of, or_zeros, pulled_back, steep, symbols, values_of
from .op import Control, Narrowed, Needs, specs_of


def _scan(*arrays, body, consts, carries, length, reverse, history):
    """The carries after the last step, what every step gives stacked, and, where asked, the carries before every step.

    ``body(*consts, *carries, *elements)`` returns the new carries and what the step gives.
    """
    fixed, now, xs = split(arrays, consts, carries)
    rows: list[Any] = [None] * length
    for place in order(length, reverse):
        results = body(*fixed, *now, *[x[place] for x in xs])
        rows[place] = (*results[carries:], *(now if history else ()))
        now = results[:carries]
    return (*now, *(np.stack(column) for column in zip(*rows, strict=True)))


def _infer(
    *specs: Spec, body: Any, consts: int, carries: int, length: int, reverse: bool, history: bool
) -> tuple[Spec, ...]:
    now, each = specs_of(body.outputs[:carries]), specs_of(body.outputs[carries:])
    rows = (*each, *now) if history else each
    return (*now, *(Spec((length, *spec.shape), spec.dtype) for spec in rows))


SCAN = Control(_scan, _infer, ("body",))


def _needs(specs: tuple[Spec, ...], attrs: dict[str, Any]) -> Needs:
    consts, now, xs = split(specs, attrs["consts"], attrs["carries"])
    each = specs_of(attrs["body"].outputs[attrs["carries"] :])
    return {"body": ([*consts, *now, *elements(xs)], [*now, *each])}


SCAN.needs = _needs


def split(values: Any, consts: int, carries: int) -> tuple[Any, Any, Any]:
    """The arguments of a scan: constants, carries, and what it goes through."""
    return values[:consts], values[consts : consts + carries], values[consts + carries :]


def order(length: int, reverse: bool) -> range:
    """The places in the order in which a scan comes to them."""
    return range(length - 1, -1, -1) if reverse else range(length)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Apply ``f`` to one element of ``xs`` after the other, along the first axis.

        carry = init
        for x in xs:
            carry, y = f(carry, x)

    In a traced function the body is traced once, whatever the length. ``f`` may use tensors and variables from outside
    and assign variables.

    Args:
        f: ``f(carry, x)`` returns the new carry, of the structure, shapes and dtypes of the old one, and ``y``, any
            nested container of tensors, or None.
        init: the first carry: a tensor or a nested container of tensors.
        xs: a tensor or a nested container of tensors with a first axis of one size; None to go through nothing, with
            ``x`` None in each step.
        length: how many steps; needed where ``xs`` is None.
        reverse: whether to begin with the last element.

    Returns:
        The last carry, and what each step gave, stacked along a new first axis in the order of ``xs``.

    Raises:
        TypeError, ShapeError, DTypeError: where the new carry differs from the old one in structure, shapes or dtypes.
        ShapeError: where first axes differ in size, or from ``length``. ValueError: without ``xs`` and ``length``.
    """
    check_function("scan", "f", f, 2, "(carry, x)")
    if holds_arrays(init):
        arrays = Arrays("scan", init, lambda held: f(held, tree.map(_element, xs))[0])

        def with_arrays(held: Any, x: Any) -> tuple[Any, Any]:
            new, given = f(arrays.given(held), x)
            return arrays.taken(new), given

        last, rows = scan(with_arrays, arrays.start, xs, length, reverse)
        return arrays.given(last), rows
    carry, carry_structure = tensors(init)
    elems, structure = tensors(xs)
    if not elems and length is None:
        raise ValueError(
            "scan(f, init, xs) needs tensors xs to go through, or length=. TensorFlow's scan(fn, elems, initializer) "
            "is written so: the initializer second, elems third, and f returns the new carry and what the step gives."
        )
    count = length_of("scan", "xs", elems, structure, None if length is None else operator.index(length))

    def step(now: list[Any], x: list[Any]) -> tuple[list[Any], list[Any], Any]:
        returned = f(tree.unflatten(carry_structure, now), tree.unflatten(structure, x))
        if not isinstance(returned, (tuple, list)) or len(returned) != 2:
            raise TypeError(
                f"scan: f returned {type(returned).__name__}. Expected a pair: the new carry, and what the step gives."
            )
        new = handed_on("scan", "the carry that f returned", returned[0], now, carry_structure, "init")
        return new, *tensors(returned[1])

    last, rows, each = run(step, carry, elems, count, bool(reverse))
    return tree.unflatten(carry_structure, last), tree.unflatten(each, rows)


def _element(x: Any) -> Any:
    """Something like the elements of a tensor, which may have none."""
    value = asarray(x)
    return creation.zeros(value.shape[1:], value.dtype, backend=value.backend)


Step = Callable[[list[Any], list[Any]], tuple[list[Any], list[Any], Any]]


def run(
    step: Step, carry: list[Any], xs: list[Any], length: int, reverse: bool = False
) -> tuple[list[Any], list[Any], Any]:
    """What a step gives that takes tensors and returns new carries, its results, and their structure."""
    if not length:
        return _nothing(step, carry, xs)
    top = interpreter.get()
    return (_now if top is None or top.backend is None else _traced)(step, carry, xs, length, reverse)


def _now(step: Step, carry: list[Any], xs: list[Any], length: int, reverse: bool) -> tuple[list[Any], list[Any], Any]:
    """Step by step."""
    rows: list[Any] = [None] * length
    structure = None
    carry = [one.copy() for one in carry]  # a body may assign to elements of what it is given
    for place in order(length, reverse):
        carry, given, structure = step(carry, [getitem(x, place) for x in xs])
        held = set(map(id, carry))
        rows[place] = [one.copy() if id(one) in held else one for one in given]
    return carry, [stack(column) for column in zip(*rows, strict=True)], structure


def _traced(
    step: Step, carry: list[Any], xs: list[Any], length: int, reverse: bool
) -> tuple[list[Any], list[Any], Any]:
    """As one op."""
    outer = interpreter.get()
    part = Nested(outer)
    with inside(part):
        now = symbols(part, carry, "carry")
        x = [part.input(*spec, "element") for spec in elements(xs)]
        new, given, structure = step([one.copy() for one in now], [one.copy() for one in x])
        new, given = [part.lift(one) for one in new], [part.lift(one) for one in given]
    outside = Outside(part)
    constants = outside.constants()
    body = closed(
        part,
        [*outside.constants_in(part), *values_of(now), *outside.state_in(part), *values_of(x)],
        [*values_of(new), *outside.state_of(part), *values_of(given)],
    )
    carries = len(now) + len(outside.assigned)
    attrs = scan_attributes(body, len(constants), carries, length, reverse)
    results = parts(outer.run(SCAN, (*constants, *carry, *outside.state(), *xs), attrs))
    outside.assign(results[len(now) : carries])
    return list(results[: len(now)]), list(results[carries : carries + len(given)]), structure


def scan_attributes(
    body: Any, consts: int, carries: int, length: int, reverse: bool = False, history: bool = False
) -> dict[str, Any]:
    """The op's attributes."""
    return {
        "body": body,
        "consts": consts,
        "carries": carries,
        "length": length,
        "reverse": reverse,
        "history": history,
    }


def _nothing(step: Step, carry: list[Any], xs: list[Any]) -> tuple[list[Any], list[Any], Any]:
    """No step: the body is traced for what it would give."""
    top = interpreter.get()
    if top is None or top.backend is None:
        part = Tracer(next((one.backend for one in (*carry, *xs)), selection.current()))
    else:
        part = Nested(top)
    with inside(part):
        one_of_each = [part.input(*spec, "element") for spec in elements(xs)]
        _, given, structure = step(symbols(part, carry, "carry"), one_of_each)
        given = [part.lift(one) for one in given]
    rows = [creation.zeros((0, *one.shape), one.dtype, backend=part.backend) for one in given]
    return carry, rows, structure


def _narrowed(attrs: dict[str, Any], used: set[int]) -> Narrowed | None:
    """Without carries that nothing comes from, results of steps, constants and elements."""
    body, consts, carries, history = attrs["body"], attrs["consts"], attrs["carries"], attrs["history"]
    outputs = len(body.outputs)
    kept_history = history and any(place >= outputs for place in used)
    wanted = {place for place in used if place < outputs} | set(range(carries) if kept_history else ())
    read, computed = carried(body, wanted, consts, carries)
    moved = range(consts, consts + carries)
    inputs = [p for p in range(len(body.inputs)) if (p - consts in computed if p in moved else p in read)]
    if len(computed) == outputs and len(inputs) == len(body.inputs) and kept_history == history:
        return None
    results = sorted(computed)
    moving = sum(place < carries for place in results)
    few = scan_attributes(
        with_few(body, inputs, results),
        sum(place < consts for place in inputs),
        moving,
        attrs["length"],
        attrs["reverse"],
        kept_history,
    )
    return few, inputs, [*results, *(range(outputs, outputs + carries) if kept_history else ())]


SCAN.narrowed = _narrowed


# Its gradient ---------------------------------------------------------------------------------------------------------


def _recorded(attrs: dict[str, Any], backend: Any) -> tuple[Control, dict[str, Any]]:
    """Under a tape it keeps the carries before each step, from which the way back starts."""
    return SCAN, {**attrs, "history": True}


SCAN.recorded = _recorded


@SCAN.differentiated
def _pull(
    found: dict[int, Any], guards: Guards, live: set[int], args: tuple[Any, ...], attrs: dict[str, Any], out: Any
) -> Iterator[tuple[Any, Any, Guard | None]]:
    """A scan in the opposite direction: over the carries before each step, with the cotangents of carries for carries.

    It computes each step again. Cotangents of constants add up in carries of their own. Masks go the same ways, where
    cotangents have guards.
    """
    cotangents = found.get(id(out))
    if not cotangents:
        return
    masks = masks_of(guards, out, cotangents)
    body, consts, carries = attrs["body"], attrs["consts"], attrs["carries"]
    alive = _alive(body, [id(arg) in live for arg in args], consts, carries)
    unused = {place for place in range(carries) if alive[consts + place] and place not in cotangents}
    masked = unused if steep(body, unused) else set()
    while True:  # until it is known which carries have guards, before any step
        back = Back(args, attrs, parts(out), alive, cotangents, masks, masked)
        more = {place for place, guard in back.guards.items() if guard is not None}
        if masks or more:
            more |= {place for place in back.moving if place in masks or place not in cotangents}
        if more <= masked:
            break
        masked |= more
    for place, cotangent, guard in back.run():
        if id(args[place]) in live:
            yield args[place], cotangent, guard


class Back:
    """The scan in the opposite direction.

    Args:
        args, attrs, results: of the scan.
        alive: which inputs of its body have cotangents, in any step.
        cotangents: of its results, by their places. masks: of those that have guards.
        masked: the carries whose masks are handed on as well.

    Attributes:
        moving: the carries that have cotangents.
        guards: those of the carries' cotangents before a step; no entry where the step makes no cotangent.
    """

    def __init__(
        self,
        args: tuple[Any, ...],
        attrs: dict[str, Any],
        results: tuple[Any, ...],
        alive: list[bool],
        cotangents: dict[int, Any],
        masks: dict[int, Any],
        masked: set[int],
    ) -> None:
        body, consts, carries = attrs["body"], attrs["consts"], attrs["carries"]
        _, init, xs = split(args, consts, carries)
        first = len(body.outputs)  # of the history
        wanted = [place for place, one in enumerate(alive) if one]
        constant = [place for place in wanted if place < consts]
        self.moving = moving = [place - consts for place in wanted if consts <= place < consts + carries]
        along = [place for place in wanted if place >= consts + carries]
        given = {place: g for place, g in cotangents.items() if carries <= place < first}
        before = {place - first: g for place, g in cotangents.items() if place >= first and place - first in moving}
        over = {place: mask for place, mask in masks.items() if place in given or place - first in before}

        part = Nested(interpreter.get())
        with inside(part):
            fixed = symbols(part, args[:consts], "constant")
            flowing = symbols(part, [init[place] for place in moving], "cotangent")
            flown = {place: part.input(init[place].shape, dt.bool_, "guard") for place in moving if place in masked}
            rows = [*results[first:], *xs, *given.values(), *before.values(), *over.values()]
            row = [part.input(*spec, "element") for spec in elements(rows)]
            now, rest = row[: carries + len(xs)], iter(row[carries + len(xs) :])
            seeds = dict(zip(moving, flowing, strict=True)) | {place: next(rest) for place in given}
            late = {place: next(rest) for place in before}
            held = {place: guard_of(mask) for place, mask in flown.items()} | {
                place: guard_of(next(rest)) for place in over
            }
            arguments = [*fixed, *now]
            back = dict(zip(wanted, pulled_back(body, arguments, wanted, seeds, held), strict=True))
            constant = [place for place in constant if back[place][0] is not None]
            along = [place for place in along if back[place][0] is not None]
            sums = {place: part.input(args[place].shape, args[place].dtype, "sum") for place in constant}
            new_sums = [one + back[place][0] for place, one in sums.items()]
            self.guards: dict[int, Guard | None] = {}
            for place in moving:
                cotangent, guard = back[consts + place]
                if place in late:
                    other = held.get(first + place)
                    guard = other if cotangent is None else either(guard, other)
                if place in late or cotangent is not None:
                    self.guards[place] = guard
            new_flowing = [_sum(back[consts + place][0], late.get(place), init[place]) for place in moving]
            new_flown = [mask_of(place in self.guards, self.guards.get(place), init[place]) for place in flown]
            guarded = {place: guard for place, (_, guard) in back.items() if guard is not None}
            totals = {place: part.input(args[place].shape, dt.bool_, "sum") for place in constant if place in guarded}
            new_totals = [logical_or(total, guarded[place].over(total.shape)) for place, total in totals.items()]
            each = [back[place][0] for place in along]
            marked = {place: guarded[place].over(arguments[place].shape) for place in along if place in guarded}
            outputs = [*new_sums, *new_flowing, *new_totals, *new_flown, *each, *marked.values()]
            returned = values_of([part.lift(one) for one in outputs])
        outside = Outside(part)
        constants = outside.constants()
        inputs = values_of([*sums.values(), *flowing, *totals.values(), *flown.values(), *row])
        graph = closed(part, [*values_of(fixed), *outside.constants_in(part), *inputs], returned)
        count = len(sums) + len(flowing) + len(totals) + len(flown)
        self._attrs = scan_attributes(graph, consts + len(constants), count, attrs["length"], not attrs["reverse"])
        self._fixed, self._rows = [*args[:consts], *constants], rows

        def starts() -> list[Any]:
            return [
                *(creation.zeros_like(args[place]) for place in constant),
                *(or_zeros(cotangents.get(place), init[place]) for place in moving),
                *(mask_of(False, None, args[place]) for place in totals),
                *(
                    masks[place] if place in masks else mask_of(place in cotangents, None, init[place])
                    for place in flown
                ),
            ]

        self._starts = starts
        self._of_cotangents = [*constant, *(consts + place for place in moving)], along
        self._made = [*constant, *(consts + place for place in moving if place in self.guards), *along]
        self._of_masks = [*totals, *(consts + place for place in flown)], list(marked)

    def run(self) -> Iterator[tuple[int, Any, Guard | None]]:
        """The places of arguments, their cotangents and guards."""
        results = iter(parts(interpreter.get().run(SCAN, (*self._fixed, *self._starts(), *self._rows), self._attrs)))
        (last, each), (last_masks, each_mask) = self._of_cotangents, self._of_masks
        cotangents, masks = {place: next(results) for place in last}, {place: next(results) for place in last_masks}
        cotangents |= {place: next(results) for place in each}
        masks |= {place: next(results) for place in each_mask}
        for place in self._made:
            cotangent = cotangents[place]
            yield place, cotangent, guard_of(masks[place]) if place in masks else None


def _alive(body: Any, live: list[bool], consts: int, carries: int) -> list[bool]:
    """Which arguments of a body depend on live arguments, in any step."""
    alive = [one and value.dtype in dt.INEXACT for one, value in zip(live, body.inputs, strict=True)]
    while True:
        reached = depending(body, alive, dt.INEXACT)[:carries]
        after = [
            one or (consts <= place < consts + carries and reached[place - consts]) for place, one in enumerate(alive)
        ]
        if after == alive:
            return alive
        alive = after


def _sum(one: Any, other: Any, like: Any) -> Any:
    if one is None or other is None:
        return or_zeros(one if other is None else other, like)
    return one + other
