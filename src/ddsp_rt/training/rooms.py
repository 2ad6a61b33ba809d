"""The rooms an instrument was recorded in: an impulse response each, learnt with a prior that it decays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ddsp_rt.synthesis.reverb import wet_sound

FIRST_TAP = 1e-3  # standard deviation of an untrained impulse response before it decays
USUAL_TIME = 1.0  # seconds, of a room in which no fall of the level could be measured
QUANTILE = 0.8
FOLLOWED = 30.0  # dB of a fall that make it trustworthy
TIME_LIMITS = (0.3, 3.0)  # seconds
LONGEST = 2.0  # seconds of impulse response
COLOUR = 0.02  # seconds: what a dry place and its microphone add
KEPT = 0.8  # of the reverberation time that the response holds: 48 dB of decay


class Rooms(nn.Module):
    """One impulse response per room, each a decaying envelope times free taps.

    The envelope falls by 60 dB in the room's reverberation time, so a late tap can only learn what decays; a penalty
    on the free taps (`penalty`) is then a prior that says the response decays at that rate.

    Args:
        names: of the rooms.
        length: samples at the model rate.
        times: reverberation time of each room, in samples; 0 for one without a response.
    """

    def __init__(self, names: list[str], length: int, times: list[float]):
        super().__init__()
        self.names = list(names)
        generator = torch.Generator().manual_seed(len(names))
        self.taps = nn.Parameter(FIRST_TAP * torch.randn(len(names), length, generator=generator))
        lasts = torch.tensor(times, dtype=torch.float32).unsqueeze(1)
        envelope = torch.exp(-math.log(1e3) * torch.arange(length).unsqueeze(0) / lasts.clamp(min=1e-3))
        self.register_buffer("envelope", envelope * (lasts > 0))

    def responses(self) -> Tensor:
        """[rooms, length]; the first tap is masked, as in `Reverb`."""
        return nn.functional.pad((self.taps * self.envelope)[:, 1:], [1, 0])

    def forward(self, audio: Tensor, room: Tensor, preroll: int) -> Tensor:
        """Play each of a batch in its room: [batch, samples] -> [batch, samples - preroll], the first dropped."""
        return audio[:, preroll:] + wet_sound(audio, self.responses(), preroll, room)

    def length(self, name: str) -> int:
        """Samples of a room's response that are not silent: as far as its envelope has fallen by 60 dB."""
        return int((self.envelope[self.names.index(name)] > 1e-3).sum())

    def copy_of(self, name: str) -> Rooms:
        """One room alone, as far as it is learnt."""
        index = self.names.index(name)
        alone = Rooms([name], self.taps.shape[1], [0.0])
        alone.taps.data.copy_(self.taps[index : index + 1])
        alone.envelope.copy_(self.envelope[index : index + 1])
        return alone

    @torch.no_grad()
    def start_from(self, response: Tensor) -> None:
        """Let all rooms begin as another's response [length], as far as their envelopes have fallen by 40 dB."""
        length = min(len(response), self.taps.shape[1])
        heard = self.envelope[:, :length] > 1e-2
        self.taps[:, :length] = torch.where(
            heard, response[:length] / self.envelope[:, :length].clamp(min=1e-2), self.taps[:, :length]
        )

    def penalty(self) -> Tensor:
        """Mean over rooms of the free taps' mean square relative to a response as loud as the dry sound."""
        return (self.taps.square().mean(-1) * self.envelope.square().sum(-1)).mean()


def make_rooms(crops: Any, seconds: float | None = None, shipped: str | None = None) -> Rooms | None:
    """Rooms for a data set (`Crops`), with responses of the given length, or as long as they ring. None for 0 s.

    Notes that were joined into phrases have told how long their rooms ring. Where that is not at all there is no room:
    the network sounds as the `shipped` folder does, and from it the microphones of other dry folders may differ.
    """
    if seconds == 0:
        return None
    rate, known = crops.data.model_rate, crops.data.table.get("rooms", {})
    falls: dict[str, list[list[float]]] = {room: [] for room in crops.rooms}
    for index, recording in enumerate(crops.data.recordings):
        if not crops.data.is_joined(index):
            falls[str(recording["room"])] += recording.get("decays", [])
    times = [known[room] if room in known else reverberation_time(falls[room]) for room in crops.rooms]
    times = [
        min(time, TIME_LIMITS[1]) or (0.0 if room == shipped else COLOUR)
        for room, time in zip(crops.rooms, times, strict=True)
    ]
    if not any(times):
        return None
    seconds = min(KEPT * max(times), LONGEST) if seconds is None else seconds
    return Rooms(crops.rooms, max(2, int(seconds * rate)), [time * rate for time in times])


def reverberation_time(falls: Iterable[list[float]]) -> float:
    """T60 in seconds, from measured falls [T60, seconds seen], each weighing as long as it was seen.

    A high quantile: where one note follows another, most falls are steeper than the room's. And where none could be
    followed over 30 dB, the pauses were too short to hear a long room, so it is taken to be a usual one at least.
    """
    falls = np.array(sorted(falls)).reshape(-1, 2)
    if len(falls) == 0:
        return USUAL_TIME
    weight = np.cumsum(falls[:, 1])
    time = falls[np.searchsorted(weight, QUANTILE * weight[-1]), 0]
    if np.max(60.0 * falls[:, 1] / falls[:, 0]) < FOLLOWED:
        time = max(time, USUAL_TIME)
    return float(np.clip(time, *TIME_LIMITS))
