"""A trained instrument: found by name or path, read by the engine, played on audio whole or block by block."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ddsp_rt import _engine
from ddsp_rt.analysis import Features, analyse
from ddsp_rt.checks import as_mono, as_name, as_number, as_path, as_rate
from ddsp_rt.errors import DataError, UsageError

if TYPE_CHECKING:
    from ddsp_rt.notes import Notes

OCTAVES = (-_engine.FARTHEST_OCTAVE, _engine.FARTHEST_OCTAVE)  # range of a shift
LOUDNESS_DB = (-_engine.FARTHEST_LOUDNESS_OFFSET, _engine.FARTHEST_LOUDNESS_OFFSET)  # range of an offset
LOUDNESS_RANGE = (0.25, 4.0)  # range of what dynamics are multiplied by


class Instrument:
    """An instrument file in memory. Immutable: any number of streams may play it.

    A pickle or a copy of it holds the path alone, and reads the file again.

    path: the file; metadata: its JSON as a dict; name, model_rate (Hz): from the metadata.
    """

    amount = 0.0  # per cent of a second instrument; see `Morph`

    def __init__(self, path: str | os.PathLike[str]):
        """Read an instrument file; DataError when it is none."""
        self.path = as_path(path)
        try:
            self.engine = _engine.Instrument.load(str(self.path))
        except (_engine.InstrumentError, MemoryError) as error:
            message = str(error) or type(error).__name__
            raise DataError(message if str(self.path) in message else f"{self.path}: {message}") from None
        self.instruments = _engine.Instruments(self.engine)  # that a door plays
        self.metadata: dict[str, Any] = json.loads(self.engine.metadata)
        self.name: str = self.metadata["name"]
        self.stem, self.files = self.path.stem, (self.path,)  # what results are named after, and must not replace
        self.model_rate: int = self.metadata["model_rate"]

    def __repr__(self) -> str:
        return f"<ddsp_rt.Instrument '{self.name}' {self.model_rate} Hz>"

    def __reduce__(self) -> tuple[type[Instrument], tuple[Path]]:
        return Instrument, (self.path.absolute(),)

    def fit(
        self,
        features: Features,
        octave: int | str = "auto",
        loudness: float | str = "auto",
        loudness_range: float = 1.0,
    ) -> _engine.Fitting:
        """Constants that bend a performance to this instrument.

        Args:
            features: the performance, as `analyse` gives it.
            octave: "auto" (the smallest shift that brings the pitch into the instrument's range) or whole octaves.
            loudness: "auto" (the offset that makes loud and middling notes as loud as the instrument's) or one in dB.
            loudness_range: what the performance's dynamics are multiplied by, 0.25 to 4; 1 leaves them as played.
        """
        octave, loudness = check_octave(octave), check_loudness(loudness)
        fitting = _heard(features).fit(self.instruments, check_loudness_range(loudness_range), self.amount)
        if not isinstance(octave, str):
            fitting.octave = octave
        if not isinstance(loudness, str):
            fitting.loudness_offset_db = loudness
        return fitting

    def beyond(self, features: Features, octave: int) -> tuple[float, float]:
        """The shares of what sounds in a performance, 0 to 1, that lie below and above the instrument's range when
        played `octave` octaves up."""
        return _heard(features).beyond(self.instruments, octave, self.amount)

    def stream(
        self,
        sample_rate: int,
        fit: Literal["auto"] | _engine.Fitting | None = None,
        reverb: float = 1.0,
        z: str = "source",
    ) -> Stream:
        """A stream at `sample_rate` Hz that plays this instrument as it hears a performance, 4 ms behind it.

        Args:
            sample_rate: Hz, 8000 to 192000, of input and output.
            fit: "auto" finds the octave in the first notes and goes on fitting octave and loudness to the performance;
                a fitting that is known before is given as it is (`Instrument.fit`, `Stream.fitting`). With None, pitch
                and loudness are taken as they are.
            reverb: gain of the instrument's room, 0 (dry) to 2.
            z: for an instrument that was trained with z, whether it follows the performance's spectral content
                ("source") or keeps its own mean ("mean"); others are the same either way.
        """
        return Stream(self, sample_rate, fit, reverb, z)

    def notes(self, sample_rate: int) -> Notes:
        """The door for notes at `sample_rate` Hz: keys, pedals and bends in, this instrument out."""
        from ddsp_rt.notes import Notes

        return Notes(self, sample_rate)

    def transfer(
        self,
        audio: np.ndarray,
        sample_rate: int,
        octave: int | str = "auto",
        loudness: float | str = "auto",
        reverb: float = 1.0,
        tail: bool = True,
        z: str = "source",
        loudness_range: float = 1.0,
    ) -> np.ndarray:
        """Play this instrument as `audio` is performed.

        Args:
            audio: mono float [samples], full scale at ±1; NaN and Inf count as silence.
            sample_rate: Hz, 8000 to 192000, of input and output.
            octave, loudness, loudness_range: as in `fit`; reverb, z: as in `stream`.
            tail: whether the output sounds on until it stays below -80 dBFS (20 s at most).

        Returns:
            float32 [samples], as long as the input plus the tail. Not limited: a loud instrument may pass ±1.

        Raises:
            UsageError: a value out of range, or audio that is not one channel of floats.
        """
        audio = as_mono(audio)
        fitting = self.fit(analyse(audio, sample_rate, mfcc=False), octave, loudness, loudness_range)
        stream = self.stream(sample_rate, fitting, reverb, z)
        played = stream.process(audio)
        return np.concatenate([played, stream.tail()]) if tail else played


class Heard(NamedTuple):
    """What the analyser said of the last 4 ms: f0 in Hz, periodicity (voiced from 0.5), A-weighted loudness in dB, and
    -1 or 1 where a pitch lies below or above the range that is followed."""

    f0: float
    periodicity: float
    loudness: float
    outside: int = 0


class Levels(NamedTuple):
    """Peak levels in dB re full scale, from -120; they rise at once and fall by 20 dB a second."""

    input: float
    output: float


class Stream:
    """An instrument playing live: audio in, as much audio out, blocks of any size.

    One thread plays it, by `process`, `tail` and `reset`: a second that comes in between gets a UsageError. Everything
    else may be called by any thread at any time, and waits for the end of the block at hand.
    """

    def __init__(
        self,
        instrument: Instrument,
        sample_rate: int,
        fit: Literal["auto"] | _engine.Fitting | None = None,
        reverb: float = 1.0,
        z: str = "source",
    ):
        """As `Instrument.stream`."""
        self.sample_rate = as_rate(sample_rate)
        self._instrument = as_instrument(instrument)
        self._live = _engine.LiveTransfer(instrument.instruments, self.sample_rate)
        self.set("morph", instrument.amount)
        if isinstance(fit, _engine.Fitting):
            self._live.set_fitting(fit)
        elif isinstance(fit, str) and fit == "auto":
            self._live.follow()
        elif fit is not None:
            raise UsageError(f'fit {fit}: give "auto", a fitting, or None')
        self.set("reverb", check_reverb(reverb))
        self.set("mean_z", 1.0 if check_z(z) == "mean" else 0.0)

    def process(self, block: np.ndarray) -> np.ndarray:
        """float32 [samples] -> float32 [samples]. The same samples come out however the input is cut."""
        samples = as_mono(block)
        with one_thread("this stream"):
            return self._live.process(samples)

    def tail(self) -> np.ndarray:
        """What still sounds after the end of the performance, to the last sample above -80 dBFS; 20 s at most."""
        with one_thread("this stream"):
            return self._live.tail()

    def reset(self) -> None:
        """Back to silence; fitting and parameters stay."""
        with one_thread("this stream"):
            self._live.reset()

    @property
    def instrument(self) -> Instrument:
        """What plays, or is about to. Set it, and the new one listens for 0.1 s before it takes over in a crossfade;
        parameters stay (but for "morph", where a `Morph` brings its own), and a fit that was heard, not given, is made
        anew for it.
        """
        return self._instrument

    @instrument.setter
    def instrument(self, instrument: Instrument) -> None:
        from ddsp_rt.morph import Morph

        self._live.swap(as_instrument(instrument).instruments)
        if isinstance(instrument, Morph):
            self.set("morph", instrument.amount)
        self._instrument = instrument

    @property
    def fitting(self) -> _engine.Fitting:
        """The fitting it plays with now; one that is set is kept until `learn` or the parameter "auto_fit" moves it."""
        return self._live.fitting()

    @fitting.setter
    def fitting(self, fitting: _engine.Fitting) -> None:
        if not isinstance(fitting, _engine.Fitting):
            raise UsageError(f"the fitting is of type {type(fitting).__name__}; give what Instrument.fit returns")
        self._live.set_fitting(fitting)

    def learn(self) -> None:
        """Listen to the next five seconds of sounding input, then fit to them; the old fitting stays until then."""
        self._live.learn()

    @property
    def learning(self) -> bool:
        """Whether it still listens, after `learn`."""
        return self._live.learning()

    @property
    def features(self) -> Heard:
        """What it heard last, before the fit."""
        return Heard(*self._live.heard())

    @property
    def levels(self) -> Levels:
        """How loud its input and its output are."""
        return Levels(*self._live.levels())

    def set(self, name: str, value: float) -> None:
        """Set a parameter (see `parameters`); UsageError when there is none of that name.

        A value beyond the range counts as the nearest within it, NaN as the initial value, as from C++ and in Pd.
        """
        self._live.set(as_name(name), as_number(name, value))

    def get(self, name: str) -> float:
        """The present value of a parameter; UsageError when there is none of that name."""
        return self._live.get(as_name(name))

    @staticmethod
    def parameters() -> list[dict[str, Any]]:
        """Everything that can be set: name, title, unit, minimum, maximum, initial value, scale and description.

        The scale says how to show it: "linear", "decibels" (a level) or "stepped" (whole numbers; 0 and 1: a switch).
        """
        return _engine.parameters()


def load(name_or_path: str | os.PathLike[str]) -> Instrument:
    """Load an instrument by the name of a shipped or installed one, or by the path of a `.ddsp` file.

    Two of them with their weights, "violin:0.6,cello:0.4", give the `Morph` between them.

    Raises:
        UsageError: no such instrument; says which there are.
        DataError: the file is no instrument, or one this version cannot play.
    """
    text = str(as_path(name_or_path)) if not isinstance(name_or_path, str) else name_or_path
    try:
        found = _engine.find_instrument(text, str(shipped_folder()))
    except _engine.InstrumentError:
        found = None
    if found is not None:
        return Instrument(found)
    if "," in text:
        from ddsp_rt.morph import load_morph

        return load_morph(text)
    if text.endswith(".ddsp") or os.sep in text:
        raise UsageError(f"{text}: no such instrument file")
    names = [path.stem for path in list_instruments()]
    close = difflib.get_close_matches(text, names, n=1)
    meant = f"Did you mean '{close[0]}'? " if close else ""
    installed = f"Installed: {', '.join(names)}." if names else "Set DDSP_RT_PATH to a folder of .ddsp files."
    raise UsageError(f"No instrument '{text}' is installed. {meant}{installed}")


def list_instruments() -> list[Path]:
    """Every instrument that can be named: from DDSP_RT_PATH, the user's data folder, shipped; the first of a name."""
    return [Path(path) for path in _engine.list_instruments(str(shipped_folder()))]


def shipped_folder() -> Path:
    """Where the instruments that come with the package lie: the checkout's own when run from one."""
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "instruments").is_dir():
        return checkout / "instruments"
    return Path(_engine.__file__).parent / "instruments"


def as_instrument(instrument: Instrument) -> Instrument:
    """The instrument, or a UsageError when it is none."""
    if not isinstance(instrument, Instrument):
        raise UsageError(f"the instrument is of type {type(instrument).__name__}; give what ddsp_rt.load returns")
    return instrument


@contextlib.contextmanager
def one_thread(what: str) -> Iterator[None]:
    """Says in one line, as a UsageError, that another thread is playing meanwhile."""
    try:
        yield
    except _engine.StreamBusy:
        raise UsageError(f"Another thread is playing {what}. Give each thread its own.") from None


def _heard(features: Features) -> _engine.Fitter:
    if not isinstance(features, Features):
        raise UsageError(f"features are of type {type(features).__name__}; give what ddsp_rt.analyse returns")
    fitter = _engine.Fitter()
    fitter.add(features.f0, features.periodicity, features.loudness, features.balance)
    return fitter


def check_octave(octave: int | str) -> int | str:
    """ "auto" or whole octaves within the range, else a UsageError."""
    number = _auto_or_number("octave", octave, OCTAVES, whole=True)
    return number if isinstance(number, str) else int(number)


def check_loudness(loudness: float | str) -> float | str:
    """ "auto" or dB within the range, else a UsageError."""
    return _auto_or_number("loudness", loudness, LOUDNESS_DB)


def check_loudness_range(factor: float) -> float:
    """A factor within the range, else a UsageError."""
    number = _auto_or_number("loudness range", factor, LOUDNESS_RANGE, auto="a factor")
    if isinstance(number, str):
        raise UsageError(f"loudness range auto: give a factor from {LOUDNESS_RANGE[0]:g} to {LOUDNESS_RANGE[1]:g}")
    return number


def check_reverb(reverb: float) -> float:
    """A gain within the range, else a UsageError."""
    limits = next((row["minimum"], row["maximum"]) for row in _engine.parameters() if row["name"] == "reverb")
    gain = _auto_or_number("reverb", reverb, limits, auto="a gain")
    if isinstance(gain, str):
        raise UsageError(f"reverb auto: give a gain from {limits[0]:g} to {limits[1]:g}")
    return gain


def check_z(z: str) -> str:
    """ "source" or "mean", else a UsageError."""
    if z not in ("source", "mean"):
        raise UsageError(f"z {z}: give source or mean")
    return z


def _auto_or_number(
    what: str,
    value: float | str,
    limits: tuple[float, float],
    whole: bool = False,
    auto: str = "auto, or a number",
) -> float | Literal["auto"]:
    if isinstance(value, str) and value == "auto":
        return "auto"
    try:
        number = float(value)
        if limits[0] <= number <= limits[1] and (not whole or number == int(number)):
            return number
    except (TypeError, ValueError):
        pass
    kind = auto.replace("number", "whole number") if whole else auto
    raise UsageError(f"{what} {value}: give {kind} from {limits[0]:g} to {limits[1]:g}")
