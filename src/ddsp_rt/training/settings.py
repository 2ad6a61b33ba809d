"""What a training run is asked to do, and the step size that follows from how far it has come."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

FINAL_RATE = 0.02  # of the learning rate, when the budget is spent


@dataclass(frozen=True)
class Settings:
    """All that decides the result of a run; kept in its checkpoints and in the instrument's training summary."""

    seed: int = 0
    steps: int | None = None
    minutes: float | None = None
    batch: int = 8  # crops per step, over all processes
    scored: int = 1000  # frames of a crop that are compared with the recording
    preroll: int = 250  # frames before them
    level: float = 3.0  # dB by which a crop is made louder or softer, at most
    detune: float = 30.0  # cents by which the network is told another pitch than sounds, at most
    lapses: float = 2.0  # a second in which it is told a lower periodicity, where notes are joined; see `lapses`
    learning_rate: float = 1e-3
    warm_up: int = 100  # steps over which the learning rate rises, at most
    warm_up_share: float = 0.1  # of the budget over which it rises, at most: a short run would never reach it else
    inner_rate: float = 10.0  # learning rate of the inner matrices under Muon, as a share of it; 0: all learn by Adam
    room_rate: float = 1.0  # learning rate of the rooms, as a share of it
    room_seconds: float | None = None  # length of an impulse response; 0: dry; None: from the reverberation time
    room_prior: float = 1.0  # weight of the decay prior
    loudness: float = 0.2  # weight of a decibel of difference in loudness
    high_bands: float = 0.6  # weight of a decibel of difference in third octaves from 8 to 16 kHz
    asked: float = 0.1  # weight of a decibel that notes asked for are off; 0: none are asked for
    clip: float = 3.0  # largest gradient norm
    networks: int = 1  # that learn apart, before one learns the mean of what they play; see `several`
    average: float = 0.998  # of the running average of the weights that is validated and exported
    overlap: int = 2  # windows per window length in the training loss
    fine_tuning: float = 0.5  # of the learning rate, when starting from another instrument
    interval: int = 50  # steps between validations
    patience: int = 12  # validations without progress before the step size is halved
    give_up: int = 80  # validations without progress that end any run: more steps would only wear out what was learnt
    halvings: int = 3  # of the step size before an open-ended run ends

    @property
    def open_ended(self) -> bool:
        """Neither steps nor minutes are given: the held-out loss decides when to stop."""
        return self.steps is None and self.minutes is None

    @property
    def levels(self) -> tuple[float, float]:
        """Weights of decibels, as `training_loss` takes them."""
        return self.loudness, self.high_bands

    def table(self) -> dict[str, Any]:
        return asdict(self)

    def spent(self, step: int, seconds: float) -> float:
        """Share of the budget that is used up, 0..1; 0 for an open-ended run."""
        shares = [0.0]
        if self.steps is not None:
            shares.append(step / max(self.steps, 1))
        if self.minutes is not None:
            shares.append(seconds / max(60.0 * self.minutes, 1e-9))
        return min(1.0, max(shares))

    def rate(self, step: int, spent: float, halvings: int = 0) -> float:
        """Learning rate: a linear warm-up, then half a cosine over the budget, or halved as progress stops."""
        warm = min(1.0, max((step + 1) / max(self.warm_up, 1), spent / self.warm_up_share))
        cosine = FINAL_RATE + (1.0 - FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * spent))
        return self.learning_rate * warm * cosine * 0.5**halvings
