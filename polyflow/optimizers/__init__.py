"""Optimizers: what happens to variables when their gradients are known."""

from __future__ import annotations

from typing import Any

from ..missing import answer
from ..naming import Family
from . import schedules
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .base import Optimizer
from .ftrl import Ftrl
from .lamb import Lamb
from .lion import Lion
from .muon import Muon
from .nadam import Nadam
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "register",
    "schedules",
    "serialize",
]


def _is_optimizer(value: Any) -> bool:
    return isinstance(value, Optimizer)


FAMILY = Family(
    "optimizer",
    {
        cls.__name__.lower(): cls
        for cls in (SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, Adamax, Nadam, Lion, Ftrl, Lamb, Adafactor, Muon)
    },
    accepts=_is_optimizer,
    ignore_case=True,
    methods={"build": ("variables",), "update_step": ("gradient", "variable", "learning_rate")},
)

get = FAMILY.get
deserialize = FAMILY.get
serialize = FAMILY.serialize
register = FAMILY.register

answer(__name__)
