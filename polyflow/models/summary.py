"""The table that ``model.summary()`` prints."""

from __future__ import annotations

from typing import Any

from ..layers.base import Layer


def summary(model: Any, line_length: int | None = None, show_trainable: bool = False) -> str:
    """A table of the layers with their output shapes and numbers of parameters, and the totals."""
    network = getattr(model, "_network", None)
    branched = network if network is not None and network.branched else None
    layers = model.layers if branched is None else branched.layers
    rows = [("Layer (type)", "Output Shape", "Param #", "Connected to")[: 3 if branched is None else 4]]
    for layer in layers:
        shape = _shape(layer)
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        row = (f"{layer.name} ({type(layer).__name__})", shape, count)
        rows.append(row if branched is None else (*row, branched.connected(layer)))
    if show_trainable:
        trained = ("Y" if layer.trainable_weights else "N" if layer.weights else "-" for layer in layers)
        rows = [(*row, one) for row, one in zip(rows, ("Trainable", *trained), strict=True)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    if line_length is not None:
        widths[0] = max(line_length - sum(widths[1:]) - 3 * len(widths) - 1, 8)

    def line(row: tuple[str, ...], edge: str = "│") -> str:
        name = row[0] if len(row[0]) <= widths[0] else row[0][: widths[0] - 1] + "…"
        cells = [f"{cell:{'>' if i == 2 else '<'}{widths[i]}}" for i, cell in enumerate((name, *row[1:]))]
        return f"{edge} {f' {edge} '.join(cells)} {edge}"

    def rule(left: str, middle: str, right: str, dash: str) -> str:
        return left + middle.join(dash * (width + 2) for width in widths) + right

    table = [rule("┏", "┳", "┓", "━"), line(rows[0], "┃"), rule("┡", "╇", "┩", "━")]
    for i, row in enumerate(rows[1:]):
        table += [rule("├", "┼", "┤", "─")] * (i > 0) + [line(row)]
    table.append(rule("└", "┴", "┘", "─"))
    kept = model.optimizer.variables if getattr(getattr(model, "optimizer", None), "built", False) else []
    parts = {"Total": [*model.weights, *kept], "Trainable": model.trainable_weights}
    parts["Non-trainable"] = model.non_trainable_weights
    if kept:
        parts["Optimizer"] = kept
    totals = [
        f" {part} params: {sum(v.size for v in weights):,} ({_size(sum(v.size * v.dtype.itemsize for v in weights))})"
        for part, weights in parts.items()
    ]
    return "\n".join([f'Model: "{model.name}"', *table, *totals])


def _shape(layer: Any) -> str:
    """The shape of a layer's output, for a table.

    A layer that was called inside a model's ``call`` is asked for its output's shape only now, and for inputs of the
    shape that it was built for; as in Keras only one with a ``build`` of its own, and "?" stands for all others.
    """
    found, builds = layer.output_shape, type(layer).build is not Layer.build
    if found is None and builds and layer.built and isinstance(layer.input_shape, tuple):
        try:
            found = layer.compute_output_shape(layer.input_shape)
        except Exception:
            return "?"
    return "?" if found is None else str(found)


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024 or unit == "GB":
            return f"{count:.2f} {unit}"
        count /= 1024
    return ""
