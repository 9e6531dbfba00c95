"""A time limit from the command line."""

from __future__ import annotations

import argparse


def seconds(text: str) -> float:
    """A number of seconds above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no time limit: a number of seconds above 0")
    return number
