"""`ddsp-rt info` and `ddsp-rt instruments`: what the files say of themselves, as text."""

from __future__ import annotations

from collections.abc import Iterator

from ddsp_rt import console
from ddsp_rt.errors import DataError
from ddsp_rt.instrument import Instrument, list_instruments
from ddsp_rt.note_names import span
from ddsp_rt.sound_files.source import shown


def metadata_json(instrument: Instrument) -> str:
    """The metadata, indented, with the path it came from."""
    return console.as_json({"path": str(instrument.path), **instrument.metadata})


def describe(instrument: Instrument) -> str:
    """What a musician and a researcher want to know, one fact a line."""
    from ddsp_rt.training.note_manner import in_words

    data = instrument.metadata
    architecture, quantiles = data["architecture"], data["quantiles"]
    decoder, reverb = architecture["decoder"], architecture.get("reverb")
    loudness, pitch = quantiles["loudness_db"], quantiles["pitch_midi"]
    rows = [
        ("instrument", instrument.name),
        ("file", f"{instrument.path} ({instrument.path.stat().st_size / 1e6:.2f} MB)"),
        ("range", f"{span(pitch)} (98 % of its training notes)"),
        (
            "loudness",
            f"{loudness[0]:.0f} to {loudness[-1]:.0f} dB, silent below {data['gate_db']:.0f}",
        ),
        ("model rate", f"{instrument.model_rate} Hz"),
        ("plays", f"{decoder['harmonics']} harmonics, {decoder['noise_bands']} noise bands"),
        ("listens to", ", ".join(decoder["features"])),
        ("room", f"{reverb['length'] / instrument.model_rate:.1f} s" if reverb else "none"),
        ("notes", in_words(data["notes"]) if data.get("notes") else ""),
        *((name, _flat(data.get(name))) for name in ("training", "scores", "licence", "attribution")),
    ]
    return "\n".join(f"{name:12}{value}" for name, value in rows if value)


def listing() -> str:
    """Every instrument that can be named, with its range and its file; what cannot be read says why."""
    lines = []
    listed = [entry | {"name": shown(entry["name"])} for entry in _listed()]
    width = max((len(entry["name"]) for entry in listed), default=0) + 2
    for entry in listed:
        if "error" in entry:
            about = f"cannot be played: {entry['error']}"
        else:
            about = f"{entry['range']}, {entry['model_rate']} Hz, {shown(entry['path'])}"
        lines.append(f"{entry['name']:{width}}{about}")
    return "\n".join(lines) if lines else "No instruments found. Set DDSP_RT_PATH to a folder of .ddsp files."


def listing_json() -> str:
    """The same as JSON: a list of objects with name, path and either range and model_rate (Hz) or error."""
    return console.as_json(list(_listed()))


def _listed() -> Iterator[dict]:
    for path in list_instruments():
        entry = {"name": path.stem, "path": str(path)}
        try:
            instrument = Instrument(path)
        except DataError as error:
            yield entry | {"error": str(error)}
        else:
            quantiles = instrument.metadata["quantiles"]
            yield entry | {"range": span(quantiles["pitch_midi"]), "model_rate": instrument.model_rate}


def _flat(value) -> str:
    """JSON as one readable line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_flat(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return "; ".join(_flat(entry) for entry in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else " ".join(str(value).split())
