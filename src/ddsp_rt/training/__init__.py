"""From recordings to an instrument: `prepare` analyses them once, `train` fits the twin to what it wrote.

`prepare` needs the engine and an audio reader, `train` needs PyTorch and Lightning; neither needs the other's.
"""

from __future__ import annotations

from typing import Any


def prepare(*arguments: Any, **options: Any):
    """Analyse recordings into one data set; see `ddsp_rt.training.preparation.prepare`."""
    from ddsp_rt.training.preparation import prepare as run

    return run(*arguments, **options)


def train(*arguments: Any, **options: Any):
    """Train an instrument; see `ddsp_rt.training.trainer.train`."""
    from ddsp_rt.training.trainer import train as run

    return run(*arguments, **options)
