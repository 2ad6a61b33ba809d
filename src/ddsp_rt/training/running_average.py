"""The running average of what is learnt: steadier than the weights of any one step, and what is kept of a run."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


@torch.no_grad()
def move_average(average: Sequence[Tensor], weights: Sequence[Tensor], step: int, keep: float) -> None:
    """Move each `average` towards its `weights`, in place, so that it keeps the share `keep` of itself.

    `step`: the number of this one. The first ones move it faster, while it has little to remember.
    """
    kept = min(keep, (1.0 + step) / (10.0 + step))
    torch._foreach_lerp_(list(average), list(weights), 1.0 - kept)
