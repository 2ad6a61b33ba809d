"""A small room and a hall for instruments that were recorded dry, made out of formulas: nobody's recording.

Early reflections are those of a shoebox (Allen and Berkley 1979): each wall mirrors the source, and a mirror image is
heard later and softer by its distance, duller by its walls. What follows is noise that decays in every octave by that
octave's reverberation time (Moorer 1979), high ones sooner, as air and walls have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

RATE = 48_000  # Hz, at which they are made
SOUND = 343.0  # metres a second
WALL = 0.8  # of the amplitude that a wall sends back
DULL = 7000.0  # Hz above which it sends back less
ORDER = 3  # walls that an early reflection has met, at the most
EARLY_SHARE = 0.4  # of the energy
LOWEST = 90.0  # Hz, below which there is no room
OCTAVES = 125.0 * 2.0 ** np.arange(8)  # Hz, in which decays are told
HEARD = 55.0  # dB of decay that are kept
END, SEED = 0.02, 44  # seconds of fade at the end; the noise whose decays are nearest to what is told, of forty


@dataclass(frozen=True)
class Place:
    """`size`, and where the instrument and the ear are, in metres; reverberation times in seconds up to 1 kHz and at
    8 kHz; energy of the room's sound against the dry one in dB."""

    size: tuple[float, float, float]
    instrument: tuple[float, float, float]
    ear: tuple[float, float, float]
    time: float
    time_high: float
    level: float


MADE_ROOMS = {
    "small": Place((5.3, 4.1, 2.7), (1.7, 1.3, 1.2), (3.4, 2.6, 1.5), 0.4, 0.28, -10.0),
    "hall": Place((29.0, 19.0, 12.0), (6.1, 8.3, 1.4), (15.7, 10.9, 2.1), 1.9, 1.0, -7.0),
}


@cache
def made_room(name: str, rate: int) -> np.ndarray:
    """The impulse response of one of `MADE_ROOMS` at `rate` Hz: float32 [taps], the first 0, without the dry sound."""
    from ddsp_rt import _engine

    place = MADE_ROOMS[name]
    count = round(HEARD / 60.0 * place.time * RATE)
    early, first = _early(place, count)
    late = _late(place, count, first)
    early, late = (sound / np.sqrt(np.sum(sound**2)) for sound in (early, late))
    response = np.sqrt(EARLY_SHARE) * early + np.sqrt(1.0 - EARLY_SHARE) * late
    fade = round(END * RATE)
    response[-fade:] *= 0.5 * (1.0 + np.cos(np.pi * (np.arange(fade) + 1.0) / fade))
    response *= 10.0 ** (place.level / 20.0) / np.sqrt(np.sum(response**2))
    response[0] = 0.0
    made = np.array(_engine.resample_response(response.astype(np.float32), RATE, rate), np.float32)
    made[0] = 0.0  # the dry sound, which the engine adds itself
    made.setflags(write=False)
    return made


def _early(place: Place, count: int) -> tuple[np.ndarray, float]:
    """Early reflections, [count], and the seconds after which the first arrives; the direct sound is at 0."""
    hertz = np.fft.rfftfreq(count, 1.0 / RATE)
    direct = float(np.linalg.norm(np.subtract(place.ear, place.instrument)))
    spectrum, first = np.zeros(len(hertz), complex), np.inf
    for cells in product(range(-ORDER, ORDER + 1), repeat=3):
        walls = sum(abs(cell) for cell in cells)
        if not 0 < walls <= ORDER:
            continue
        image = [
            cell * size + (at if cell % 2 == 0 else size - at)
            for cell, size, at in zip(cells, place.size, place.instrument)
        ]
        away = float(np.linalg.norm(np.subtract(place.ear, image)))
        after = (away - direct) / SOUND
        first = min(first, after)
        dull = (1.0 + (hertz / DULL) ** 2) ** (-0.5 * walls)
        spectrum += WALL**walls * direct / away * dull * np.exp(-2j * np.pi * hertz * after)
    return np.fft.irfft(spectrum * _low_cut(hertz), count), first


def _late(place: Place, count: int, first: float) -> np.ndarray:
    """Decaying noise from the first reflection on, [count]."""
    hertz, time = np.fft.rfftfreq(count, 1.0 / RATE), np.arange(count) / RATE
    noise = np.fft.rfft(np.random.default_rng(SEED).standard_normal(count)) * _low_cut(hertz)
    octave = np.log2(np.maximum(hertz, 1.0) / OCTAVES[0])
    late = np.zeros(count)
    for index, centre in enumerate(OCTAVES):
        above = np.clip(np.log2(centre / 1000.0) / 3.0, 0.0, None)
        reverberation = place.time * (place.time_high / place.time) ** above
        away = np.abs(np.clip(octave, 0.0, len(OCTAVES) - 1.0) - index)
        band = np.cos(0.5 * np.pi * np.minimum(away, 1.0)) ** 2
        late += np.fft.irfft(noise * band, count) * 10.0 ** (-3.0 * time / reverberation)
    return late * (1.0 - np.exp(-np.maximum(time - first, 0.0) / (2.0 * first)))


def _low_cut(hertz: np.ndarray) -> np.ndarray:
    return (hertz / LOWEST) ** 2 / (1.0 + (hertz / LOWEST) ** 2)
