"""`ddsp-rt evaluate`: the measures of an instrument as a table or as JSON."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from ddsp_rt.errors import DataError, UsageError

AUDIO = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")


def evaluate(
    instrument: Annotated[str, typer.Argument(metavar="INSTRUMENT", help="Name of an instrument, or a .ddsp file.")],
    recordings: Annotated[list[Path], typer.Argument(metavar="RECORDINGS...", help="Audio files, or folders of them.")],
    last: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Judge only the last SECONDS of each recording.")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Known notes (CSV: start_s, end_s, midi_pitch), named as recordings."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Measure an instrument on recordings: each is resynthesised from its own features and compared.

    Example: ddsp-rt evaluate violin test-recordings --last 30
    """
    import ddsp_rt
    from ddsp_rt.evaluation.report import evaluate as measure
    from ddsp_rt.progress import progress

    if last is not None and not last > 0:
        raise UsageError(f"--last {last:g}: give seconds above 0")
    if truth is not None and not truth.is_dir():
        raise UsageError(f"--truth {truth}: no such folder")
    files = audio_files(recordings)
    with progress("Evaluating", len(files)) as advance:
        result = measure(ddsp_rt.load(instrument), files, last, truth, advance)
    if json:
        print(jsonlib.dumps(result, indent=2))
        return
    show(result)


def audio_files(recordings: list[Path]) -> list[Path]:
    """Files as they are, folders as the audio files in them, sorted; DataError when there are none."""
    found = []
    for path in recordings:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix.lower() in AUDIO and p.is_file())
        elif path.exists():
            found.append(path)
        else:
            raise DataError(f"{path}: no such file or folder")
    if not found:
        raise DataError(f"{', '.join(map(str, recordings))}: no audio files ({', '.join(AUDIO)})")
    return found


def show(result: dict) -> None:
    """The result as tables on standard output."""
    from rich.console import Console

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 120)
    console.print(summary_table(result))
    if len(result["files"]) > 1:
        console.print(file_table(result["files"]))
    for note in result["notes"]:
        console.print(f"Note: {note}")


def summary_table(result: dict):
    from rich.table import Table

    f0, onset = result["f0"] or {}, result["onset"] or {}
    judged = f"{_number(100 * f0['judged'], 0)} % of sounding frames judged" if f0 else ""
    lag = f"after removing {_number(f0['lag'], 0)} ms of lag" if f0 else "no result"
    injected = result["clicks_found_of_injected"]
    rows = [
        ("Multi-scale spectral loss (mss)", _number(result["mss"], 2), "", "0 is equal"),
        ("  its noise floor", _number(result["mss_noise_floor"], 2), "", "two seeds of the noise"),
        ("Spectrum from 8 to 16 kHz", _number(result["high_band_db"], 1), "dB", "mean difference; models of 48 kHz"),
        ("Loudness L1", _number(result["loudness_l1_db"], 2), "dB", "where the recording is above -60 dB"),
        ("f0 L1", _number(f0.get("l1"), 3), "semitones", lag),
        ("  beyond one semitone", _percent(f0.get("beyond_semitone")), "%", judged),
        ("  beyond half an octave", _percent(f0.get("beyond_half_octave")), "%", ""),
        ("  L1 at note changes", _number(f0.get("at_changes_l1"), 3), "semitones", "within 50 ms of them"),
        ("Loudness lag", _number(result["loudness_lag_ms"], 0), "ms", "reverb off"),
        ("Pitch lag", _number(result["pitch_lag_ms"], 0), "ms", "reverb off"),
        ("Onset latency", _number(onset.get("median_ms"), 1), "ms", f"median of {onset.get('onsets', 0)}, with attack"),
        ("  jitter", _number(onset.get("jitter_ms"), 1), "ms", "95th percentile less median"),
        ("Timbre distance", _number(result["timbre_distance"], 1), "", "Fréchet distance to the recording"),
        ("Clicks", str(result["clicks"]), "", f"finds {_percent(injected)} % of steps put in at -40 dB"),
    ]
    table = Table(title=f"{result['instrument']} on {result['seconds']:.0f} s of recordings")
    for name, justify in (("measure", "left"), ("figure", "right"), ("unit", "left"), ("meaning", "left")):
        table.add_column(name, justify=justify, no_wrap=name != "meaning")
    for row in rows:
        table.add_row(*row)
    return table


def file_table(files: list[dict]):
    from rich.table import Table

    table = Table(title="by recording")
    for name in ("recording", "s", "mss", "loudness dB", "f0 semitones", "> 6 semitones %", "clicks"):
        table.add_column(name, justify="left" if name == "recording" else "right")
    for scores in files:
        f0 = scores["f0"] or {}
        table.add_row(
            Path(scores["file"]).name,
            _number(scores["seconds"], 0),
            _number(scores["mss"], 2),
            _number(scores["loudness_l1_db"], 2),
            _number(f0.get("l1"), 3),
            _percent(f0.get("beyond_half_octave")),
            str(scores["clicks"]),
        )
    return table


def _number(value, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _percent(value) -> str:
    return "–" if value is None else f"{100 * value:.2f}"
