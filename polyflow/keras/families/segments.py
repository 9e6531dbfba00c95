"""Extremes and products of the rows with each id, under Keras's names and arguments."""

from __future__ import annotations

from typing import Any

from ...composed import segments


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The largest of the rows with each id, element by element; the dtype's smallest number for an id without rows.

    Args:
        data: a tensor of rows.
        segment_ids: an integer for each row, in any order; rows with a negative one are left out.
        num_segments: how many segments there are. (Without it as many as the ids say, but not in a traced function.)
        sorted: accepted and ignored.
    """
    return _of(segments.unsorted_segment_max, data, segment_ids, num_segments)


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The smallest of the rows, as `segment_max`; the dtype's largest number for an id without rows."""
    return _of(segments.unsorted_segment_min, data, segment_ids, num_segments)


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The products of the rows, as `segment_max`; 1 for an id without rows."""
    return _of(segments.unsorted_segment_prod, data, segment_ids, num_segments)


def _of(function: Any, data: Any, segment_ids: Any, num_segments: int | None) -> Any:
    return function(data, segment_ids, segments.how_many(segment_ids) if num_segments is None else num_segments)
