"""The optimizers and options that every test goes through, and fixed gradients for them."""

from __future__ import annotations

import numpy as np

STEPS = 80
SHAPES = [(3, 4), (4,), ()]

OPTIMIZERS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "learning_rate": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5}),
    ("RMSprop", {"centered": True, "epsilon": 1e-3, "rho": 0.8, "momentum": 0.3}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "beta_1": 0.8, "learning_rate": 0.05}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "learning_rate": 0.01, "amsgrad": True}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adagrad", {"initial_accumulator_value": 0.0, "epsilon": 0.05}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Nadam", {"learning_rate": 0.1}),
    # a large epsilon shows where it stands: inside or outside the square root, corrected for bias or not
    *((name, {"learning_rate": 0.02, "epsilon": 0.05}) for name in ("RMSprop", "Adam", "AdamW", "Adamax", "Nadam")),
    ("Adadelta", {"learning_rate": 1.0, "epsilon": 0.05, "rho": 0.8}),
    ("Lion", {}),
    ("Lamb", {}),
    ("Lamb", {"learning_rate": 0.02, "epsilon": 0.05, "beta_1": 0.8}),
    ("Adafactor", {}),
    ("Adafactor", {"learning_rate": 0.5, "epsilon_1": 0.01, "epsilon_2": 0.5, "beta_2_decay": -0.6}),
    ("Adafactor", {"learning_rate": 0.1, "clip_threshold": 0.5, "relative_step": False, "weight_decay": 0.01}),
    ("Muon", {}),
    ("Muon", {"learning_rate": 0.02, "nesterov": False, "rms_rate": None, "adam_lr_ratio": 0.5, "ns_steps": 3}),
    ("Muon", {"learning_rate": 0.02, "exclude_layers": ["(?i)variable"], "adam_weight_decay": 0.1, "epsilon": 0.05}),
    ("Ftrl", {"learning_rate": 0.05}),
    (
        "Ftrl",
        {
            "l1_regularization_strength": 0.01,
            "l2_regularization_strength": 0.02,
            "l2_shrinkage_regularization_strength": 0.03,
            "beta": 0.1,
            "learning_rate_power": -0.4,
        },
    ),
]

OPTIONS = [
    {"clipnorm": 0.5},
    {"clipvalue": 0.3},
    {"global_clipnorm": 1.0},
    {"weight_decay": 0.01},
    {"clipnorm": 0.5, "weight_decay": 0.05},
    {"loss_scale_factor": 4.0},
    {"use_ema": True, "ema_momentum": 0.9},
    {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7},
    {"gradient_accumulation_steps": 4},
    {
        "gradient_accumulation_steps": 3,
        "use_ema": True,
        "ema_overwrite_frequency": 4,
        "clipnorm": 1.0,
        "weight_decay": 0.01,
    },
]


def weights() -> list[np.ndarray]:
    """First values of the variables."""
    draw = np.random.default_rng(0)
    return [draw.normal(size=shape).astype("float32") for shape in SHAPES]


def gradients(steps: int = STEPS) -> list[np.ndarray]:
    """For each variable its gradients, steps first; of sizes from 0.1 to 3, and some elements always 0."""
    draw = np.random.default_rng(1)
    sizes = draw.choice([0.1, 1.0, 3.0], steps)
    found = [(draw.normal(size=(steps, *shape)).T * sizes).T.astype("float32") for shape in SHAPES]
    found[0][:, 1] = 0
    return found


def label(case) -> str:
    """A readable test id."""
    if isinstance(case, dict):
        return ", ".join(f"{name}={value}" for name, value in case.items())
    name, options = case
    return f"{name}({', '.join(f'{k}={v}' for k, v in options.items())})"
