"""A trained instrument: found by name or path, read by the engine, played on audio whole or block by block."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path

import numpy as np

from ddsp_rt import _engine
from ddsp_rt.analysis import Features, analyse, as_mono, as_rate
from ddsp_rt.errors import DataError, UsageError

OCTAVES = (-_engine.FARTHEST_OCTAVE, _engine.FARTHEST_OCTAVE)  # range of a shift
LOUDNESS_DB = (-_engine.FARTHEST_LOUDNESS_OFFSET, _engine.FARTHEST_LOUDNESS_OFFSET)  # range of an offset


class Instrument:
    """An instrument file in memory. Immutable: any number of streams may play it.

    path: the file; metadata: its JSON as a dict; name, model_rate (Hz): from the metadata.
    """

    def __init__(self, path: str | os.PathLike):
        """Read an instrument file; DataError when it is none."""
        self.path = Path(path)
        try:
            self.engine = _engine.Instrument.load(str(self.path))
        except (_engine.InstrumentError, MemoryError) as error:
            message = str(error) or type(error).__name__
            raise DataError(message if str(self.path) in message else f"{self.path}: {message}") from None
        self.metadata: dict = json.loads(self.engine.metadata)
        self.name: str = self.metadata["name"]
        self.model_rate: int = self.metadata["model_rate"]

    def __repr__(self) -> str:
        return f"<ddsp_rt.Instrument '{self.name}' {self.model_rate} Hz>"

    def fit(self, features: Features, octave: int | str = "auto", loudness: float | str = "auto") -> _engine.Fitting:
        """Constants that bend a performance to this instrument.

        Args:
            features: the performance, as `analyse` gives it.
            octave: "auto" (the shift that brings the pitch into the instrument's range) or a number of octaves.
            loudness: "auto" (the performance's loudness quantiles mapped to the instrument's) or an offset in dB.
        """
        octave, loudness = check_octave(octave), check_loudness(loudness)
        fitting = _engine.fit(self.engine, features.f0, features.periodicity, features.loudness)
        if octave != "auto":
            fitting.octave = octave
        if loudness != "auto":
            fitting.set_loudness_offset(loudness)
        return fitting

    def stream(
        self, sample_rate: int, fitting: _engine.Fitting | None = None, reverb: float = 1.0, z: str = "source"
    ) -> Stream:
        """A stream at `sample_rate` Hz that plays this instrument as it hears a performance, 4 ms behind it.

        Args:
            fitting: see `fit`; without one pitch and loudness are taken as they are.
            reverb: gain of the instrument's room, 0 (dry) to 2.
            z: for an instrument that was trained with z, whether it follows the performance's spectral content
                ("source") or keeps its own mean ("mean"); others are the same either way.
        """
        return Stream(self, sample_rate, fitting, reverb, z)

    def transfer(
        self,
        audio: np.ndarray,
        sample_rate: int,
        octave: int | str = "auto",
        loudness: float | str = "auto",
        reverb: float = 1.0,
        tail: bool = True,
        z: str = "source",
    ) -> np.ndarray:
        """Play this instrument as `audio` is performed.

        Args:
            audio: mono float [samples], full scale at ±1; NaN and Inf count as silence.
            sample_rate: Hz, 8000 to 192000, of input and output.
            octave, loudness: as in `fit`; reverb, z: as in `stream`.
            tail: whether the output sounds on until it stays below -80 dBFS (20 s at most).

        Returns:
            float32 [samples], as long as the input plus the tail. Not limited: a loud instrument may pass ±1.

        Raises:
            UsageError: a value out of range, or audio that is not one channel of floats.
        """
        audio = as_mono(audio)
        fitting = self.fit(analyse(audio, sample_rate, mfcc=False), octave, loudness)
        stream = self.stream(sample_rate, fitting, reverb, z)
        played = stream.process(audio)
        return np.concatenate([played, stream.tail()]) if tail else played


class Stream:
    """An instrument playing live: audio in, as much audio out, blocks of any size. One thread at a time."""

    def __init__(self, instrument: Instrument, sample_rate: int, fitting=None, reverb: float = 1.0, z: str = "source"):
        self.instrument = instrument
        self.sample_rate = as_rate(sample_rate)
        self._transfer = _engine.Transfer(instrument.engine, self.sample_rate)
        if fitting is not None:
            self._transfer.set_fitting(fitting)
        self.set("reverb", check_reverb(reverb))
        self.set("mean_z", 1.0 if check_z(z) == "mean" else 0.0)
        self._transfer.reset()  # parameters start where they are set, without a ramp

    def process(self, block: np.ndarray) -> np.ndarray:
        """float32 [samples] -> float32 [samples]. The same samples come out however the input is cut."""
        return self._transfer.process(as_mono(block))

    def tail(self) -> np.ndarray:
        """What still sounds after the end of the performance, to the last sample above -80 dBFS; 20 s at most."""
        return self._transfer.tail()

    def reset(self) -> None:
        """Back to silence; fitting and parameters stay."""
        self._transfer.reset()

    def set(self, name: str, value: float) -> None:
        """Set a parameter (see `parameters`); UsageError when there is none of that name.

        A value beyond the range counts as the nearest within it, NaN as the initial value, as in every front end.
        """
        self._transfer.set(name, float(value))

    def get(self, name: str) -> float:
        """The present value of a parameter; UsageError when there is none of that name."""
        return self._transfer.get(name)

    @staticmethod
    def parameters() -> list[dict]:
        """Everything that can be set: name, title, unit, minimum, maximum, initial value, scale and description.

        The scale says how to show it: "linear", "decibels" (a level) or "stepped" (whole numbers; 0 and 1: a switch).
        """
        return _engine.parameters()


def load(name_or_path: str | os.PathLike) -> Instrument:
    """Load an instrument by the name of a shipped or installed one, or by the path of a `.ddsp` file.

    Raises:
        UsageError: no such instrument; says which there are.
        DataError: the file is no instrument, or one this version cannot play.
    """
    text = os.fspath(name_or_path)
    try:
        found = _engine.find_instrument(text, str(shipped_folder()))
    except _engine.InstrumentError:
        found = None
    if found is not None:
        return Instrument(found)
    if text.endswith(".ddsp") or os.sep in text:
        raise UsageError(f"{text}: no such instrument file")
    names = [path.stem for path in list_instruments()]
    close = difflib.get_close_matches(text, names, n=1)
    meant = f"did you mean '{close[0]}'? " if close else ""
    there = (
        f"there are {', '.join(names)}" if names else "none is installed; set DDSP_RT_PATH to a folder of .ddsp files"
    )
    raise UsageError(f"no instrument '{text}'; {meant}{there}")


def list_instruments() -> list[Path]:
    """Every instrument that can be named: from DDSP_RT_PATH, the user's data folder, shipped; the first of a name."""
    return [Path(path) for path in _engine.list_instruments(str(shipped_folder()))]


def shipped_folder() -> Path:
    """Where the instruments that come with the package lie: the checkout's own when run from one."""
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "instruments").is_dir():
        return checkout / "instruments"
    return Path(_engine.__file__).parent / "instruments"


def check_octave(octave: int | str) -> int | str:
    """ "auto" or whole octaves within the range, else a UsageError."""
    return _auto_or_number("octave", octave, OCTAVES, whole=True)


def check_loudness(loudness: float | str) -> float | str:
    """ "auto" or dB within the range, else a UsageError."""
    return _auto_or_number("loudness", loudness, LOUDNESS_DB)


def check_reverb(reverb: float) -> float:
    """A gain within the range, else a UsageError."""
    limits = next((row["minimum"], row["maximum"]) for row in _engine.parameters() if row["name"] == "reverb")
    if reverb == "auto":
        raise UsageError(f"reverb auto: give a gain from {limits[0]:g} to {limits[1]:g}")
    return _auto_or_number("reverb", reverb, limits, auto="a gain")


def check_z(z: str) -> str:
    """ "source" or "mean", else a UsageError."""
    if z not in ("source", "mean"):
        raise UsageError(f"z {z}: give source or mean")
    return z


def _auto_or_number(
    what: str, value, limits: tuple[float, float], whole: bool = False, auto: str = "auto, or a number"
):
    if value == "auto":
        return value
    try:
        number = float(value)
        if limits[0] <= number <= limits[1] and (not whole or number == int(number)):
            return int(number) if whole else number
    except (TypeError, ValueError):
        pass
    kind = auto.replace("number", "whole number") if whole else auto
    raise UsageError(f"{what} {value}: give {kind} from {limits[0]:g} to {limits[1]:g}")
