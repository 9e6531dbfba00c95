"""The table that ``model.summary()`` prints."""

from __future__ import annotations

from typing import Any


def summary(model: Any, line_length: int | None = None) -> str:
    """A table of the layers with their output shapes and numbers of parameters, and the totals."""
    rows = [("Layer (type)", "Output Shape", "Param #")]
    for layer in model.layers:
        shape = str(layer.output_shape) if layer.output_shape is not None else "?"
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        rows.append((f"{layer.name} ({type(layer).__name__})", shape, count))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    if line_length is not None:
        widths[0] = max(line_length - widths[1] - widths[2] - 10, 8)

    def line(row: tuple[str, str, str], edge: str = "│") -> str:
        name = row[0] if len(row[0]) <= widths[0] else row[0][: widths[0] - 1] + "…"
        return f"{edge} {name:<{widths[0]}} {edge} {row[1]:<{widths[1]}} {edge} {row[2]:>{widths[2]}} {edge}"

    def rule(left: str, middle: str, right: str, dash: str) -> str:
        return left + middle.join(dash * (width + 2) for width in widths) + right

    table = [rule("┏", "┳", "┓", "━"), line(rows[0], "┃"), rule("┡", "╇", "┩", "━")]
    for i, row in enumerate(rows[1:]):
        table += [rule("├", "┼", "┤", "─")] * (i > 0) + [line(row)]
    table.append(rule("└", "┴", "┘", "─"))
    trainable = sum(v.size for v in model.trainable_weights)
    fixed = sum(v.size for v in model.non_trainable_weights)
    weights = model.weights
    size = sum(v.size * v.dtype.itemsize for v in weights)
    totals = [
        f" Total params: {trainable + fixed:,} ({_size(size)})",
        f" Trainable params: {trainable:,}",
        f" Non-trainable params: {fixed:,}",
    ]
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        state = sum(v.size for v in optimizer.variables)
        totals.append(f" Optimizer params: {state:,}")
    return "\n".join([f'Model: "{model.name}"', *table, *totals])


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024 or unit == "GB":
            return f"{count:.2f} {unit}"
        count /= 1024
    return ""
