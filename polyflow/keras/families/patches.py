"""Pictures in blocks: blocks to channels and back, overlapping patches in columns, and their sums."""

from __future__ import annotations

from typing import Any

from ...convert import integer
from ...errors import ShapeError
from ...ops import creation, indexing
from ...ops import shape as shapes
from ...tensor import asarray


def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Each block of ``block_size`` rows and columns as one place with as many times the channels.

    Args:
        x: pictures, of shape (batch, rows, columns, channels), or (batch, channels, rows, columns).
        block_size: the size of blocks, which divides both sides.
        data_format: "channels_last" or "channels_first".

    Raises:
        ShapeError: for other shapes. ValueError: for another ``data_format``.
    """
    x, block, last = _pictures("space_to_depth", x, block_size, data_format)
    count, (rows, columns, channels) = x.shape[0], x.shape[1:] if last else (*x.shape[2:], x.shape[1])
    if rows % block or columns % block:
        raise ShapeError(f"space_to_depth needs sides that are multiples of {block}; got {rows} and {columns}.")
    high, wide = rows // block, columns // block
    if last:
        x = shapes.permute_dims(x.reshape((count, high, block, wide, block, channels)), (0, 1, 3, 2, 4, 5))
        return x.reshape((count, high, wide, channels * block**2))
    x = shapes.permute_dims(x.reshape((count, channels, high, block, wide, block)), (0, 1, 3, 5, 2, 4))
    return x.reshape((count, channels * block**2, high, wide))


def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Channels laid out as blocks of rows and columns: what `space_to_depth` makes of the result.

    Raises:
        ShapeError: unless there are four axes, and the channels a multiple of ``block_size ** 2``.
        ValueError: for another ``data_format``.
    """
    x, block, last = _pictures("depth_to_space", x, block_size, data_format)
    count, (rows, columns, channels) = x.shape[0], x.shape[1:] if last else (*x.shape[2:], x.shape[1])
    if channels % block**2:
        raise ShapeError(f"depth_to_space needs a multiple of {block**2} channels; got {channels}.")
    depth = channels // block**2
    if last:
        x = shapes.permute_dims(x.reshape((count, rows, columns, block, block, depth)), (0, 1, 3, 2, 4, 5))
        return x.reshape((count, rows * block, columns * block, depth))
    x = shapes.permute_dims(x.reshape((count, depth, block, block, rows, columns)), (0, 1, 4, 2, 5, 3))
    return x.reshape((count, depth, rows * block, columns * block))


def _pictures(name: str, x: Any, block_size: Any, data_format: str) -> tuple[Any, int, bool]:
    x, block = asarray(x), integer(name, "block_size", block_size)
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"{name} has data_format 'channels_last' or 'channels_first'; got {data_format!r}.")
    if len(x.shape) != 4 or block < 1:
        raise ShapeError(f"{name} needs four axes and blocks of 1 or more; got shape {x.shape} and {block}.")
    return x, block, data_format == "channels_last"


def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The patches of pictures in columns.

    Args:
        x: pictures, of shape (batch, channels, rows, columns).
        kernel_size: the rows and columns of a patch: a pair, or one integer for both; so the next three.
        dilation: how far neighbours in a patch are apart.
        padding: how many zeros are put around pictures.
        stride: how far patches are apart.

    Returns:
        a tensor of shape (batch, channels times elements of a patch, patches).

    Raises:
        ShapeError: unless there are four axes, and a patch fits into a picture.
    """
    x = asarray(x)
    if len(x.shape) != 4:
        raise ShapeError(f"unfold takes pictures of shape (batch, channels, rows, columns); got {x.shape}.")
    (above, beside), kernel = _pair(padding), _pair(kernel_size)
    rows, columns = _places("unfold", (x.shape[2] + 2 * above, x.shape[3] + 2 * beside), kernel, dilation, stride, x)
    x = shapes.pad(x, [(0, 0), (0, 0), (above, above), (beside, beside)])
    found = x[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    return shapes.reshape(found, (*x.shape[:1], x.shape[1] * kernel[0] * kernel[1], -1))


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Pictures, of ``output_size``, that are the sums of the patches in columns: the adjoint of `unfold`.

    Raises:
        ShapeError: unless the columns are as many as `unfold` makes of such pictures.
    """
    x = asarray(x)
    (high, wide), (above, beside), kernel = _pair(output_size), _pair(padding), _pair(kernel_size)
    sides = (high + 2 * above, wide + 2 * beside)
    rows, columns = _places("fold", sides, kernel, dilation, stride, x)
    cells, patches = kernel[0] * kernel[1], rows.shape[1] * columns.shape[1]
    if len(x.shape) != 3 or x.shape[1] % cells or x.shape[2] != patches:
        raise ShapeError(
            f"fold to pictures of {(high, wide)} takes shape (batch, a multiple of {cells}, {patches}); got {x.shape}."
        )
    channels = x.shape[1] // cells
    parts = shapes.reshape(x, (x.shape[0], channels, *kernel, rows.shape[1], columns.shape[1]))
    empty = creation.zeros((x.shape[0], channels, *sides), x.dtype, backend=x.backend)
    whole = indexing.index_add(
        empty, (slice(None), slice(None), rows[:, None, :, None], columns[None, :, None, :]), parts
    )
    return whole[:, :, above : above + high, beside : beside + wide]


def _places(name: str, sides: Any, kernel: Any, dilation: Any, stride: Any, x: Any) -> list[Any]:
    """For each side the indices of the elements of patches, of shape (elements, patches)."""
    found = []
    for side, size, apart, step in zip(sides, kernel, _pair(dilation), _pair(stride), strict=True):
        count = (side - apart * (size - 1) - 1) // step + 1
        if count < 1:
            raise ShapeError(f"{name}: a patch of {size} elements, {apart} apart, does not fit into size {side}.")
        within = creation.arange(size, backend=x.backend)[:, None] * apart
        found.append(within + creation.arange(count, backend=x.backend) * step)
    return found


def _pair(value: Any) -> tuple[int, int]:
    first, second = (value, value) if hasattr(value, "__index__") else value
    return integer("unfold and fold", "each size", first), integer("unfold and fold", "each size", second)


def overlapped(pieces: Any, stride: int) -> Any:
    """The sums of pieces, of shape (…, pieces, length), each laid ``stride`` elements behind the one before it."""
    count, length = pieces.shape[-2:]
    place = creation.arange(count, backend=pieces.backend)[:, None] * stride
    place = place + creation.arange(length, backend=pieces.backend)
    empty = creation.zeros((*pieces.shape[:-2], (count - 1) * stride + length), pieces.dtype, backend=pieces.backend)
    return indexing.index_add(empty, (..., place), pieces)
