"""The ring models (docs/protocol.md): one small class each behind one interface.

A model decides who may issue the next index and how confirmations travel. A new one is a file
here and a line in MODELS.
"""

from ringrun.core.ring.models.interface import Model
from ringrun.core.ring.models.lockstep import Lockstep
from ringrun.core.ring.models.train import Train
from ringrun.core.ring.models.window import Window

MODELS: dict[str, type[Model]] = {"lockstep": Lockstep, "window": Window, "train": Train}

__all__ = ["MODELS", "Model"]
