"""``tf.train``: checkpoints of models, optimizers and variables, in safetensors files without any code."""

from ..missing import answer
from .checkpoint import Checkpoint, Restored
from .manager import CheckpointManager, latest_checkpoint

__all__ = ["Checkpoint", "CheckpointManager", "Restored", "latest_checkpoint"]

answer(__name__)
