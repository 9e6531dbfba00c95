"""What each data set is, where it came from, and what its licence asks of those who pass it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import unknown_name

__all__ = ["DATA", "DatasetInfo", "describe", "names"]

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class DatasetInfo:
    """One data set: its ``name``, what it holds, and what to say when it is passed on."""

    name: str
    title: str
    description: str
    examples: int
    shape: tuple[int, ...]  # of one example
    class_names: tuple[str, ...]
    license: str  # SPDX identifier
    citation: str
    notice: Path  # attribution and licence, to be kept with copies of the data

    def __str__(self) -> str:
        shape = " x ".join(map(str, self.shape))
        return (
            f"{self.title} ({self.name}): {self.examples} examples of {shape}, {len(self.class_names)} classes\n"
            f"{self.description}\n"
            f"Licence: {self.license} (see {self.notice})\n"
            f"{self.citation}"
        )


_CATALOG = {
    "digits": DatasetInfo(
        name="digits",
        title="Optical Recognition of Handwritten Digits",
        description=(
            "Grey images of the digits 0 to 9, written by 13 people. Each pixel counts the ink in a 4 x 4 block of "
            "the 32 x 32 scan: 0 is blank paper, 16 is all ink."
        ),
        examples=1797,
        shape=(8, 8),
        class_names=tuple("0123456789"),
        license="CC-BY-4.0",
        citation=(
            "E. Alpaydin and C. Kaynak (1998). Optical Recognition of Handwritten Digits. "
            "UCI Machine Learning Repository. https://doi.org/10.24432/C50P49"
        ),
        notice=DATA / "digits.md",
    ),
}


def names() -> tuple[str, ...]:
    """Return the names of the data sets that :func:`describe` knows, in alphabetical order."""
    return tuple(sorted(_CATALOG))


def describe(name: str) -> DatasetInfo:
    """Return what the data set ``name`` is; ``print`` shows it as text.

    Raises:
        UnknownNameError: no data set has this name; the message lists those that exist.
    """
    try:
        return _CATALOG[name]
    except (
        KeyError,
        TypeError,
    ):  # TypeError: something that cannot be a key, a list say
        raise unknown_name("data set", name, _CATALOG) from None
