"""Between two instruments: what lies there plays as an instrument does."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ddsp_rt import _engine
from ddsp_rt.errors import UsageError
from ddsp_rt.instrument import Instrument, as_instrument, load


class Morph(Instrument):
    """Two instruments, and where between them: harmonics, noise and rooms of both as one sound.

    Their networks hear the same performance, fitted to what lies between both ranges; their controls are blended, not
    their sounds. A stream or a note door of it begins at `amount`, and its parameter "morph" moves it from there.

    first, second: the instruments; amount: per cent of the second. `path` is the first's file; `metadata` is the
    first's, with the name and the quantiles of what lies between.
    """

    def __init__(self, first: Instrument, second: Instrument, amount: float = 50.0):
        """Between `first` (0 %) and `second` (100 %); a UsageError where one lies between two itself."""
        self.first, self.second = one_instrument(as_instrument(first)), one_instrument(as_instrument(second))
        try:
            self.amount = float(amount)
        except (TypeError, ValueError):
            self.amount = math.nan
        if not 0 <= self.amount <= 100:
            raise UsageError(f"morph {amount}: give a number from 0 to 100")
        self.path = first.path
        self.files = first.files + second.files
        self.engine = first.engine
        self.instruments = _engine.Instruments(first.engine, second.engine)
        kept, other = f"{100 - self.amount:g}", f"{self.amount:g}"
        self.name = f"{first.name} {kept} % and {second.name} {other} %"
        self.stem = f"{first.stem}-{kept}-{second.stem}-{other}"
        self.model_rate = max(first.model_rate, second.model_rate)
        self.metadata = first.metadata | {"name": self.name, "quantiles": self._quantiles()}

    def __repr__(self) -> str:
        return f"<ddsp_rt.Morph '{self.name}'>"

    def __reduce__(self) -> tuple[type[Morph], tuple[Instrument, Instrument, float]]:  # type: ignore[override]
        return Morph, (self.first, self.second, self.amount)

    def _quantiles(self) -> dict[str, Any]:
        mine, other = self.first.metadata["quantiles"], self.second.metadata["quantiles"]
        share = self.amount / 100
        result = dict(mine)
        for name in ("pitch_midi", "loudness_db"):
            theirs = np.interp(mine["probabilities"], other["probabilities"], other[name])
            result[name] = ((1 - share) * np.array(mine[name]) + share * theirs).tolist()
        return result


def one_instrument(instrument: Instrument) -> Instrument:
    """The instrument, or a UsageError when it lies between two."""
    if isinstance(instrument, Morph):
        raise UsageError(f"{instrument.name}: this takes one instrument, and not what lies between two")
    return instrument


def load_morph(text: str) -> Morph:
    """What "violin:0.6,cello:0.4" names: two instruments as `load` finds them, each with its weight; without weights
    they count alike. UsageError where it names none, more than two, or no share.
    """
    names, weights = zip(*(_weighted(part.strip()) for part in text.split(",")))
    if len(names) != 2 or not all(names):
        raise UsageError(f"{text}: give two instruments, such as violin:0.6,cello:0.4")
    if not sum(weights) > 0:
        raise UsageError(f"{text}: one of the weights must be above 0")
    first, second = map(load, names)
    return Morph(first, second, 100 * weights[1] / sum(weights))


def _weighted(part: str) -> tuple[str, float]:
    name, colon, weight = part.rpartition(":")
    if not colon:
        return part, 1.0
    try:
        number = float(weight)
    except ValueError:
        return part, 1.0  # a colon of the name's own
    if not 0 <= number < math.inf:
        raise UsageError(f"{part}: give a weight of 0 or more")
    return name, number
