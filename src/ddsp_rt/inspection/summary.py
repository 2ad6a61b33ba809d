"""Puts recordings together and says what to do about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ddsp_rt.analysis import HIGHEST_F0, LOWEST_F0
from ddsp_rt.gates import MOSTLY_PITCHED
from ddsp_rt.inspection.recording import Recording
from ddsp_rt.inspection.strangers import find_strangers
from ddsp_rt.note_names import note_name
from ddsp_rt.sound_files.source import shown

ENOUGH = 5.0  # usable minutes from which training is worth while
THIN = 1.0  # seconds under which a note inside the range counts as missing
NARROW = 15.0  # dB of loudness range (5th to 95th percentile) under which playing is too even
NOISY = 40.0  # dB between loud playing and the noise floor
REVERBERANT = 0.8  # seconds
MANY_VOICES, DOUBTFUL, SILENT = 0.05, 0.02, 0.4  # shares worth a word
FEW_CLIPPED = 10  # samples
ONE_PITCH = 2  # semitones from lowest to highest, at most
NAMED = 4  # files named in a line
LISTED = 5  # lines of one kind; of more the number is told


def summarise(recordings: list[Recording], failed: dict[str, str], duplicates: list[dict]) -> dict:
    """The report: `total`, `files`, `duplicates`, `failed`, each value plain, None where nothing is known."""
    strange = _strangers(recordings)
    files = [
        {
            "file": str(r.path),
            **_figures([r]),
            "remarks": [r.remark] * bool(r.remark),
            "stranger": str(r.path) in strange,
        }
        for r in recordings
    ]
    total = {"files": len(recordings), **_figures(recordings)} if recordings else {"files": 0}
    twins = [
        {**pair, "first": str(recordings[pair["first"]].path), "second": str(recordings[pair["second"]].path)}
        for pair in duplicates
    ]
    if recordings:
        total["strangers"] = strange
        total["advice"] = advice(total, twins)
        for entry in files:
            entry["advice"] = advice(entry, [t for t in twins if t["second"] == entry["file"]], single=True)
    return {"total": total, "files": files, "duplicates": twins, "failed": failed}


def advice(figures: dict, duplicates: list[dict], single: bool = False) -> list[str]:
    """One line for everything that should be done, the gravest first."""
    lines = []
    seconds, sounding = figures["seconds"], max(figures["sounding_seconds"], 1e-9)
    mended = _first(figures["remarks"], "remarks on files")
    if sounding < 0.5:
        return ["silent: leave it out", *mended]
    pitched = figures["pitched_share"]
    unpitched = pitched is not None and pitched < MOSTLY_PITCHED
    if unpitched:
        lines.append(
            f"hardly a melody: only {100 * pitched:.0f} % of the sound has a pitch, as in percussion, noise or speech; "
            "of such no instrument can be made that follows a melody"
        )
    if not single and figures["usable_seconds"] < 60 * ENOUGH:
        lines.append(f"only {figures['usable_seconds'] / 60:.1f} usable minutes: record 5 to 15")
    if figures["clipped_samples"] > FEW_CLIPPED:
        left_out = figures["left_out_seconds"]["clipping"]
        lines.append(f"clipped ({figures['clipped_samples']} samples, {left_out:.1f} s left out): record it softer")
    if figures["soft_clipped"]:
        where = "" if single else f" in {_named(figures['soft_clipped'])}"
        lines.append(
            f"soft clipping or a limiter{where}: peaks are pressed flat, and it will be learnt; "
            "record it softer, with neither limiter nor tape"
        )
    if single and figures["stranger"]:
        lines.append("unlike the other files: at the same notes it sounds like another instrument; a folder for each")
    elif not single and figures["strangers"]:
        lines.append(
            f"{_named(figures['strangers'])}: unlike the other files at the same notes, as another instrument would "
            "sound; one instrument a folder, each trained by itself"
        )
    lines += mended
    if figures["hum_hz"] is not None:
        lines.append(
            f"the mains hum at {figures['hum_hz']} Hz and its multiples, in pauses too: it will be learnt; "
            "another cable, or farther from lamps and transformers"
        )
    if figures["left_out_seconds"]["polyphony"] > MANY_VOICES * sounding:
        share = figures["left_out_seconds"]["polyphony"] / sounding
        lines.append(f"two notes at once in {100 * share:.0f} % of it, left out: play one line, damp the strings")
    if figures["left_out_seconds"]["unsteady"] > MANY_VOICES * sounding:
        lines.append("the pitch cannot be followed in places, left out: is it one instrument, close to the microphone?")
    for side, outside in figures["outside_seconds"].items():
        if outside > DOUBTFUL * sounding:
            lines.append(
                f"{100 * outside / sounding:.0f} % of it lies {side} the pitches that are followed "
                f"({LOWEST_F0:g} to {HIGHEST_F0:g} Hz): it would be learnt as noise, leave it out"
            )
    pairs = [(Path(pair["second"]).name, Path(pair["first"]).name, pair["kind"]) for pair in duplicates]
    if single:
        lines += [f"{kind} as {first}: keep one" for _, first, kind in pairs[:1]]
    else:
        lines += _first([f"{second} and {first}: {kind}, keep one" for second, first, kind in pairs], "duplicates")
    if (figures["octave_doubts"] or 0) > DOUBTFUL:
        share = 100 * figures["octave_doubts"]
        lines.append(f"another tracker hears {share:.0f} % of it an octave away: listen to a resynthesis")
    loud = figures["loudness_db"]
    if loud and figures["noise_floor_db"] is not None and loud[2] - figures["noise_floor_db"] < NOISY and not single:
        lines.append(
            f"noise (or reverberation) only {loud[2] - figures['noise_floor_db']:.0f} dB under loud playing: "
            "a quieter room, nearer to the microphone, some pauses"
        )
    if (figures["reverberation_seconds"] or 0) > REVERBERANT:
        time = figures["reverberation_seconds"]
        lines.append(f"the room rings for {time:.1f} s: the instrument will carry it; record drier if it should not")
    if not single and not unpitched:
        lines += _about_range(figures)
    if seconds - sounding > SILENT * seconds:
        lines.append(f"{100 * (1 - sounding / seconds):.0f} % silence: harmless, long pauses are left out")
    if min(figures["rates"]) < 32000 and not single:
        lines.append(f"a rate of {min(figures['rates'])} Hz holds nothing for a model at 48000 Hz: train it at 16000")
    return lines


def _strangers(recordings: list[Recording]) -> list[str]:
    """Paths of those that sound like another instrument than the rest of their folder."""
    folders: dict[Path, list[Recording]] = {}
    for recording in recordings:
        folders.setdefault(recording.path.parent, []).append(recording)
    return [str(some[k].path) for some in folders.values() for k in find_strangers([r.timbres for r in some])]


def _first(lines: list[str], what: str) -> list[str]:
    """The first of many lines, and how many more there are."""
    rest = len(lines) - LISTED
    return lines[:LISTED] + ([f"{rest} more {what}: see --json"] if rest > 0 else [])


def _named(files: list[str]) -> str:
    """The names of files for a line of the report: few of them, and how many more there are."""
    names = ", ".join(Path(file).name for file in files[:NAMED])
    return names if len(files) <= NAMED else f"{names} and {len(files) - NAMED} more"


def _about_range(figures: dict) -> list[str]:
    lines = []
    between = figures["pitch_range_midi"]
    if between and between[1] - between[0] <= ONE_PITCH:
        notes = " to ".join(dict.fromkeys(figures["pitch_range"]))
        lines.append(f"nothing but {notes}: no other note can be learnt from it; play over the instrument's range")
    if figures["missing_notes"]:
        named = ", ".join(figures["missing_notes"][:8]) + (" ..." if len(figures["missing_notes"]) > 8 else "")
        lines.append(f"less than {THIN:g} s of {named}: play a slow scale through them, soft and loud")
    loud = figures["loudness_db"]
    if loud and loud[2] - loud[0] < NARROW:
        lines.append(f"loudness spans only {loud[2] - loud[0]:.0f} dB: play softer and louder too")
    return lines


def _figures(recordings: list[Recording]) -> dict:
    notes = np.sum([r.note_seconds for r in recordings], axis=0)
    loudness = np.concatenate([r.loudness for r in recordings])
    low, high = pitch_range(notes)
    known = np.array([[r.t60, r.sounding] for r in recordings if np.isfinite(r.t60)]).reshape(-1, 2)
    doubts = np.array([[r.octave_doubts, r.voiced] for r in recordings if np.isfinite(r.octave_doubts)]).reshape(-1, 2)
    weight = doubts[:, 1] + 1e-9
    floors = [r.noise_floor for r in recordings if np.isfinite(r.noise_floor)]
    heard = sum(r.heard for r in recordings)
    inside = [] if low is None else range(low, high + 1)
    return {
        "seconds": round(sum(r.seconds for r in recordings), 3),
        "usable_seconds": round(sum(r.usable for r in recordings), 3),
        "sounding_seconds": round(sum(r.sounding for r in recordings), 3),
        "left_out_seconds": {
            reason: round(sum(r.left_out[reason] for r in recordings), 3) for reason in recordings[0].left_out
        },
        "pitched_share": round(sum(r.pitched for r in recordings) / heard, 3) if heard else None,
        "rates": sorted({r.rate for r in recordings}),
        "pitch_range_midi": None if low is None else [low, high],
        "pitch_range": None if low is None else [note_name(low), note_name(high)],
        "pitch_evenness": evenness(notes, low, high),
        "missing_notes": [note_name(n) for n in inside if notes[n] < THIN],
        "note_seconds": {note_name(n): round(float(notes[n]), 2) for n in inside},
        "loudness_db": [round(float(x), 1) for x in np.percentile(loudness, [5, 50, 95])] if len(loudness) else None,
        "noise_floor_db": round(float(np.median(floors)), 1) if floors else None,
        "clipped_samples": sum(r.clipped for r in recordings),
        "reverberation_seconds": round(_middle(known), 2) if len(known) else None,
        "single_notes": sum(r.single for r in recordings),
        "outside_seconds": {
            side: round(sum(r.outside[i] for r in recordings), 3) for i, side in enumerate(("below", "above"))
        },
        "hum_hz": next((r.hum for r in recordings if r.hum is not None), None),
        # A limiter before a clipped converter, or the other way round: the clipping is named, which is worse.
        "soft_clipped": [str(r.path) for r in recordings if r.soft_clipped and r.clipped <= FEW_CLIPPED],
        "remarks": [f"{shown(r.path.name)}: {r.remark}" for r in recordings if r.remark],
        "octave_doubts": round(float(np.average(doubts[:, 0], weights=weight)), 4) if len(doubts) else None,
    }


def pitch_range(notes: np.ndarray) -> tuple[int, int] | tuple[None, None]:
    """Lowest and highest MIDI number that hold 98 % of the voiced seconds between them."""
    total = notes.sum()
    if total <= 0:
        return None, None
    below = np.cumsum(notes) / total
    return int(np.searchsorted(below, 0.01, "right")), int(np.searchsorted(below, 0.99))


def evenness(notes: np.ndarray, low: int | None, high: int | None) -> float | None:
    """How evenly the semitones of the range are covered: entropy over its greatest, 0 (one note) to 1 (all alike)."""
    if low is None or high <= low:
        return None if low is None else 0.0
    share = notes[low : high + 1] / notes[low : high + 1].sum()
    return round(float(-np.sum(share * np.log(share + 1e-12)) / np.log(high - low + 1)), 3)


def _middle(known: np.ndarray) -> float:
    """Weighted median of [value, weight] rows."""
    order = np.argsort(known[:, 0])
    weight = np.cumsum(known[order, 1])
    return float(known[order, 0][np.searchsorted(weight, 0.5 * weight[-1])])
