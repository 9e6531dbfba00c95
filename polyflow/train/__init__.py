"""``tf.train``: checkpoints of models, optimizers and variables, in safetensors files without any code; averages."""

from ..missing import answer
from .checkpoint import Checkpoint, Restored
from .manager import CheckpointManager, latest_checkpoint
from .moving_average import ExponentialMovingAverage

__all__ = ["Checkpoint", "CheckpointManager", "ExponentialMovingAverage", "Restored", "latest_checkpoint"]

answer(__name__)
