"""IntegerLookup: whole numbers as their places in a vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import dtypes as dt
from ..arguments import ANY, check_integers
from ..convert import to_host
from ..data import Dataset
from ..errors import EmptyDataError, unknown_name
from ..ops.elementwise import astype, equal, greater, remainder, where
from ..ops.indexing import one_hot, take
from ..ops.reduction import max, searchsorted, sum
from ..ops.shape import reshape, squeeze
from ..tensor import concrete, tensor
from .base import Layer
from .encoding import MODES


class IntegerLookup(Layer):
    """Whole numbers as their places in a vocabulary, which is given or which `adapt` finds, most frequent first.

    Before the vocabulary's own numbers come the place of the mask (0, in the mode ``"int"``, where there is a
    ``mask_token``) and those of numbers that are not in it.

    Args:
        max_tokens: how many places there are at most, those before the vocabulary among them.
        num_oov_indices: how many places numbers outside the vocabulary share, by their remainder; with 0 they are
            refused.
        mask_token: the number that means nothing: place 0, or no one at all among ones.
        oov_token: what `get_vocabulary` and ``invert`` say for numbers outside.
        vocabulary: the numbers.
        invert: whether to go from places to numbers instead.
        output_mode: ``"int"`` for the places, or ``"one_hot"``, ``"multi_hot"`` and ``"count"`` as `CategoryEncoding`
            makes ones of them; all of them int64.
        pad_to_max_tokens: whether these have ``max_tokens`` columns, however large the vocabulary is.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: Any = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_integers(self, "[2, inf)", optional=True, max_tokens=max_tokens)
        check_integers(self, "[0, inf)", num_oov_indices=num_oov_indices)
        check_integers(self, ANY, optional=True, mask_token=mask_token)
        check_integers(self, ANY, oov_token=oov_token)
        if dt.as_dtype(vocabulary_dtype) is not dt.int64 or sparse or idf_weights is not None:
            raise ValueError("IntegerLookup has vocabularies of int64, dense results and no idf_weights.")
        if output_mode not in ("int", *MODES):
            raise unknown_name("output_mode", str(output_mode), ("int", *MODES))
        if invert and output_mode != "int":
            raise ValueError(f"IntegerLookup(invert=True) gives numbers, output_mode='int'; got {output_mode!r}.")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError("IntegerLookup(pad_to_max_tokens=True) needs max_tokens.")
        self.max_tokens, self.num_oov_indices = max_tokens, num_oov_indices
        self.mask_token, self.oov_token = mask_token, oov_token
        self.invert, self.output_mode, self.pad_to_max_tokens = invert, output_mode, pad_to_max_tokens
        if max_tokens is not None and max_tokens <= len(self._special()):
            raise ValueError(
                f"IntegerLookup(max_tokens={max_tokens}) has no place for a vocabulary after {self._special()}, which "
                "stand before it. Expected more."
            )
        self.tokens: list[int] | None = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary)

    # The vocabulary ---------------------------------------------------------------------------------------------------

    def set_vocabulary(self, vocabulary: Any) -> None:
        """Take these numbers, with the mask and the places of numbers outside before them or without.

        Raises:
            EmptyDataError: for none. ValueError: for one that comes twice, and for more than ``max_tokens``.
        """
        tokens = [int(one) for one in np.ravel(to_host(vocabulary))]
        if not tokens:
            raise EmptyDataError("IntegerLookup needs a vocabulary of one number or more; it was given none.")
        special = self._special()
        if tokens[: len(special)] == special:
            tokens = tokens[len(special) :]
        twice = [one for one, count in Counter(tokens).items() if count > 1]
        if twice:
            raise ValueError(f"a vocabulary has every number once; got {twice[0]} twice.")
        if self.mask_token in tokens or (self.invert and self.oov_token in tokens):
            raise ValueError(
                f"the mask ({self.mask_token}) and the number for what is outside ({self.oov_token}) stand before the "
                f"vocabulary, as {special}, or not in it at all."
            )
        if self.max_tokens is not None and len(special) + len(tokens) > self.max_tokens:
            raise ValueError(
                f"{len(tokens)} numbers and {len(special)} places before them are more than max_tokens="
                f"{self.max_tokens}."
            )
        self.tokens = tokens

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Make a vocabulary of the numbers in data, the most frequent first, and of equally frequent ones the larger.

        Args:
            data: an array, or a dataset of batches, of which ``steps`` are taken if given.
            batch_size: accepted as in Keras.

        Raises:
            EmptyDataError: where there is no number.
        """
        batches: Iterable[Any] = [data]
        if isinstance(data, Dataset):
            batches = data if steps is None else data.take(steps)
        counts: Counter[int] = Counter()
        for batch in batches:
            for number, count in zip(*np.unique(np.asarray(to_host(batch), "int64"), return_counts=True), strict=True):
                counts[int(number)] += int(count)
        for special in (self.mask_token, self.oov_token):
            counts.pop(special, None)  # type: ignore[call-overload]
        ordered = sorted(counts, key=lambda number: (-counts[number], -number))
        if not ordered:
            raise EmptyDataError("adapt needs data; it was given none.")
        self.tokens = ordered if self.max_tokens is None else ordered[: self.max_tokens - len(self._special())]

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[int]:
        """The number of each place; those of the vocabulary alone if asked."""
        return [*(self._special() if include_special_tokens else []), *(self.tokens or [])]

    def vocabulary_size(self) -> int:
        """How many places there are."""
        return len(self.get_vocabulary())

    def _special(self) -> list[int]:
        mask = [] if self.mask_token is None or self.output_mode != "int" else [self.mask_token]
        return [*mask, *[self.oov_token] * self.num_oov_indices]

    # Looking up -------------------------------------------------------------------------------------------------------

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype of the numbers."""
        return dt.int64

    def call(self, inputs: Any) -> Any:
        if not self.tokens:
            raise ValueError(f"layer {self.name!r} (IntegerLookup) has no vocabulary yet: call adapt(data) first.")
        numbers = astype(inputs, dt.int64)
        if self.invert:
            known = tensor(np.array([*self.get_vocabulary(), self.oov_token], "int64"), backend=inputs.backend)
            outside = (numbers < 0) | greater(numbers, self.vocabulary_size() - 1)
            return take(known, where(outside, self.vocabulary_size(), numbers))
        places = self._places(numbers)
        if self.output_mode == "int":
            return places
        if self.output_mode == "one_hot" and len(places.shape) > 1 and places.shape[-1] == 1:
            places = squeeze(places, -1)
        depth = (self.pad_to_max_tokens and self.max_tokens) or self.vocabulary_size()
        rows = one_hot(places, depth, dtype=dt.int64)
        if self.output_mode == "one_hot" or len(rows.shape) < 2:
            return rows
        return max(rows, -2) if self.output_mode == "multi_hot" else sum(rows, -2)

    def _places(self, numbers: Any) -> Any:
        first = len(self._special())
        tokens = np.array(self.tokens, "int64")
        order = np.argsort(tokens)
        rising, place = (tensor(part, backend=numbers.backend) for part in (tokens[order], order + first))
        near = searchsorted(rising, reshape(numbers, (-1,)))
        near = reshape(where(near < len(tokens), near, 0), numbers.shape)
        found = equal(take(rising, near), numbers)
        if self.mask_token is not None:
            found = found | equal(numbers, self.mask_token)
        if self.num_oov_indices:
            outside = remainder(numbers, self.num_oov_indices) + (first - self.num_oov_indices)
        elif concrete(found) and not found.numpy().all():
            wrong = numbers.numpy()[~found.numpy()].flat[0]
            raise ValueError(
                f"layer {self.name!r} (IntegerLookup) got {wrong}, which is not in its vocabulary. With "
                "num_oov_indices=1 there is a place for such numbers."
            )
        else:
            outside = -1
        places = where(found, take(place, near), outside)
        if self.mask_token is None:
            return places
        return where(equal(numbers, self.mask_token), 0 if self.output_mode == "int" else -1, places)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "mask_token": self.mask_token,
            "oov_token": self.oov_token,
            "vocabulary": self.tokens,
            "invert": self.invert,
            "output_mode": self.output_mode,
            "pad_to_max_tokens": self.pad_to_max_tokens,
        }
