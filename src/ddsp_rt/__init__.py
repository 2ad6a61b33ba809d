"""Real-time neural timbre transfer: any monophonic performance plays a trained instrument.

    violin = ddsp_rt.load("violin")
    audio = violin.transfer(voice, sample_rate=48_000)
    stream = violin.stream(sample_rate=48_000, fit="auto")
    features = ddsp_rt.analyse(voice, 48_000)

Names are imported when first used, so that `import ddsp_rt` costs nothing, needs no PyTorch, and parts that need no
compiled engine (training on another machine) work without one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddsp_rt.analysis import Features, analyse
    from ddsp_rt.audio import read_audio, write_audio
    from ddsp_rt.errors import DataError, UsageError, UserError
    from ddsp_rt.instrument import Instrument, Stream, list_instruments, load
    from ddsp_rt.morph import Morph
    from ddsp_rt.notes import Notes

__version__ = "0.1.0"

_HOME = {
    "load": "instrument",
    "list_instruments": "instrument",
    "Instrument": "instrument",
    "Stream": "instrument",
    "Morph": "morph",
    "Notes": "notes",
    "analyse": "analysis",
    "Features": "analysis",
    "read_audio": "audio",
    "write_audio": "audio",
    "UserError": "errors",
    "UsageError": "errors",
    "DataError": "errors",
}
__all__ = [
    "DataError", "Features", "Instrument", "Morph", "Notes", "Stream", "UsageError", "UserError", "__version__",
    "analyse", "list_instruments", "load", "read_audio", "write_audio",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ddsp_rt' has no attribute '{name}'")
    return getattr(import_module(f"ddsp_rt.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
