"""The card of an instrument: what its file says of data and training, as a page to read, beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ddsp_rt.console import counted
from ddsp_rt.errors import DataError
from ddsp_rt.note_names import span
from ddsp_rt.training.joined import in_phrases
from ddsp_rt.training.note_manner import in_words
from ddsp_rt.whole_files import whole_file

MARK = "<!-- Written by ddsp-rt train. Remove this line to keep your own words from being replaced. -->"
RINGS = 0.05  # seconds of response from which it is a room


def write_card(path: Path, metadata: dict[str, Any], sentences: list[str], elsewhere: Path) -> Path:
    """Write the card at `path`, or where somebody has a page of their own, at `elsewhere`. Returns the place."""
    place = path
    try:
        if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
            place = elsewhere
        with whole_file(place) as file:
            file.write(card(metadata, sentences).encode())
    except OSError as error:
        raise DataError(f"{place}: the card could not be written: {error.strerror or error}") from None
    return place


def card(metadata: dict[str, Any], sentences: list[str]) -> str:
    """Markdown."""
    training, quantiles, scores = metadata["training"], metadata["quantiles"], metadata["scores"]
    pitch, loudness = quantiles["pitch_midi"], quantiles["loudness_db"]
    reverb = metadata["architecture"].get("reverb")
    room = _room(reverb["length"] / metadata["model_rate"], training["room"]) if reverb else "none"
    data = f"{training['seconds_of_data'] / 60:.1f} min to learn from, {counted(training['recordings'], 'recording')}"
    if "joined" in training:
        data += f"; {in_phrases(training['joined'])}"
    taught = f"{training['minutes']:g} min, {training['steps']} steps of {training['batch']} crops"
    rows = {
        "model rate": f"{metadata['model_rate']} Hz",
        "range": f"{span(pitch)} (98 % of its training notes), {loudness[0]:.0f} to {loudness[-1]:.0f} dB (A)",
        "notes": in_words(metadata.get("notes", {})),
        "life": life_in_words(metadata.get("life")),
        "room": room,
        "data": f"{data}; {training['seconds_kept_out']:.0f} s kept out for tests",
        "training": f"{taught}; the best after {training['best_step']}",
        "licence": metadata["licence"] or "not stated: say whose recordings these are with --licence",
    }
    table = "\n".join(f"| {name} | {_cell(value)} |" for name, value in rows.items())
    marks = "\n".join(f"| {name} | {value:g} |" for name, value in scores.items())
    owners = "\n".join(f"- {line}" for line in metadata["attribution"]) or "- Nobody is named: see --attribution."
    words = "\n".join(f"- {sentence}" for sentence in sentences)
    return (
        f"{MARK}\n\n# {metadata['name']}\n\n| | |\n|---|---|\n{table}\n\n"
        f"## Scores\nOn what was held out of training.\n\n| measure | is |\n|---|---|\n{marks}\n\n"
        f"## Verdict\n{words}\n\n## Credits\n{owners}\n"
    )


def _room(seconds: float, name: str) -> str:
    if seconds < RINGS:
        return f"none, but what the microphone of {name} adds ({1000 * seconds:.0f} ms)"
    return f"{seconds:.1f} s, of {name}"


def life_in_words(life: dict[str, list[float]] | None) -> str:
    """How deeply harmonics of held notes fade."""
    deepest = max(life["depth"]) if life else 0.0
    if life is None or deepest < 0.05:
        return "held notes stand still" if life is None else "held notes hardly move by themselves"
    return f"harmonics of held notes fade by depths of {min(life['depth']):.2f} to {deepest:.2f}"


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
