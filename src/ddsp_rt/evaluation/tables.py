"""The result of an evaluation as tables on standard output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ddsp_rt import console

MOVING = (
    ("slow_db", "Micro-variation, 4 to 20 Hz"),
    ("fast_db", "  20 to 100 Hz"),
    ("correlation", "  correlation between harmonics"),
    ("line_db", "  tallest modulation line"),
)
Row = tuple[str, str, str, str]  # measure, figure, unit, meaning


def show(result: dict) -> None:
    """Prints what `evaluate` returned."""
    out = console.tables()
    if result["files"]:
        title = f"{result['instrument']} on {result['seconds']:.0f} s of recordings"
        out.print(_table(title, [*resynthesis_rows(result), *playing_rows(result)]))
        if len(result["files"]) > 1:
            out.print(file_table("by recording", result["files"]))
    if "transfers" in result:
        played = result["transfers"]
        title = f"{played['seconds']:.0f} s of other performances played on {result['instrument']}"
        out.print(_table(title, [*playing_rows(played), *timbre_rows(played["timbre"])]))
        if len(played["files"]) > 1:
            out.print(file_table("by performance", played["files"]))
    for note in result["notes"]:
        out.print(console.cell(f"Note: {note}"), soft_wrap=True)


def resynthesis_rows(result: dict) -> Iterator[Row]:
    """What only a resynthesis of the instrument's own recordings can tell."""
    onset = result["onset"] or {}
    injected = result["clicks_found_of_injected"]
    yield "Multi-scale spectral loss (mss)", number(result["mss"], 2), "", "0 is equal"
    yield "  its noise floor", number(result["mss_noise_floor"], 2), "", "two seeds of the noise"
    yield "Third octaves, 8 to 16 kHz", number(result["high_band_db"], 1), "dB", "mean difference; models of 48 kHz"
    yield "Loudness L1", number(result["loudness_l1_db"], 2), "dB", "where the recording is above -60 dB"
    yield "  level-matched", number(result["loudness_l1_level_matched_db"], 2), "dB", "without the median difference"
    hnr, moving = result["hnr_db"], result["micro_variation"] or {}
    yield "Harmonics to noise (HNR)", number(hnr["output"], 1), "dB", f"{number(hnr['recording'], 1)} in the recording"
    attack = result["attack_noise_db"] or {}
    recorded = f"{number(attack.get('recording'), 1)} in the recording; of {attack.get('notes', 0)} notes"
    yield "  attack noise", number(attack.get("output"), 1), "dB", recorded
    for name, what in MOVING:
        recorded, own = (moving.get(signal, {}).get(name) for signal in ("recording", "output"))
        unit = "dB" if name.endswith("db") else ""
        yield what, number(own, 2), unit, f"{number(recorded, 2)} in the recording"
    yield "Timbre distance", number(result["timbre_distance"], 1), "", "Fréchet distance to the recording"
    yield "Onset latency", number(onset.get("median_ms"), 1), "ms", f"median of {onset.get('onsets', 0)}, with attack"
    yield "  jitter", number(onset.get("jitter_ms"), 1), "ms", "95th percentile less median"
    yield "Clicks", str(result["clicks"]), "", f"finds {percent(injected)} % of steps put in at -40 dB"


def playing_rows(result: dict) -> Iterator[Row]:
    """What a performance keeps when it is played, reverb off."""
    f0, gaps = result["f0"] or {}, result["gaps"] or {}
    judged = f"{number(100 * f0['judged'], 0)} % of sounding frames judged" if f0 else ""
    lag = f"after removing {number(f0['lag'], 0)} ms of lag" if f0 else "no result"
    missed = len(result["files"]) - result["f0_judged"]
    yield "f0 L1", number(f0.get("l1"), 3), "semitones", lag
    yield "  beyond one semitone", percent(f0.get("beyond_semitone")), "%", judged
    yield "  beyond half an octave", percent(f0.get("beyond_half_octave")), "%", ""
    yield "  L1 at note changes", number(f0.get("at_changes_l1"), 3), "semitones", "within 50 ms of them"
    yield "  recordings without a result", str(missed), "", "count as missed"
    tracker = result["tracker"] or {}
    wrong = f"{percent(tracker.get('beyond_semitone'))} % beyond a semitone"
    yield "Pitch as heard: beyond half an octave", percent(tracker.get("beyond_half_octave")), "%", wrong
    yield "Excursions", number(result["excursions_per_minute"], 1), "a minute", "3 semitones away and back, as heard"
    for name, meaning in (("fitted", "of the fitted loudness"), ("output", "of the output")):
        found = result["dynamics"][name] or {}
        yield f"Dynamics {meaning}: slope", number(found.get("slope"), 2), "dB/dB", _slopes(found)
        yield "  range", number(found.get("range_out_db"), 1), "dB", f"{number(found.get('range_in_db'), 1)} in"
    depth = f"{number(gaps.get('source_db'), 1)} in the source; {gaps.get('gaps', 0)} gaps"
    yield "Gap depth", number(gaps.get("output_db"), 1), "dB", depth
    yield "  raised at most", number(gaps.get("raised_most_db", gaps.get("raised_db")), 1), "dB", "in one recording"
    spoken = result["consonants"] or {}
    tilt = f"{number(spoken.get('source_above_over_below_db'), 1)} in the source; {spoken.get('frames', 0)} frames"
    ratio = number(spoken.get("harmonic_over_noise_db"), 1)
    yield "Consonants: harmonics over noise", ratio, "dB", "unvoiced sounding frames; lower is right"
    yield "  more tone than noise", percent(spoken.get("pitched")), "%", "of these frames; none is right"
    yield "  above over below 3.5 kHz", number(spoken.get("output_above_over_below_db"), 1), "dB", tilt
    yield "Loudness lag", number(result["loudness_lag_ms"], 0), "ms", ""
    yield "Pitch lag", number(result["pitch_lag_ms"], 0), "ms", ""


def timbre_rows(timbre: dict | None) -> Iterator[Row]:
    timbre = timbre or {}
    source = f"of the source's {number(timbre.get('source'), 1)}" if timbre else "needs 60 s, and own recordings"
    yield "Timbre distance", number(timbre.get("played"), 1), "", "to the instrument's recordings"
    yield "  as a share", percent(timbre.get("share")), "%", source


def file_table(title: str, files: list[dict]):
    """One line a file: what tells them apart."""
    from rich.markup import escape

    table = console.table(title)
    names = ("recording", "s", "mss", "loudness dB", "f0 semitones", "> 6 semitones %", "slope", "gaps raised dB")
    for name in names:
        table.add_column(name, justify="left" if name == "recording" else "right")
    for scores in files:
        f0 = scores["f0"] or {}
        table.add_row(
            escape(Path(scores["file"]).name),
            number(scores["seconds"], 0),
            number(scores.get("mss"), 2),
            number(scores.get("loudness_l1_db"), 2),
            number(f0.get("l1"), 3),
            percent(f0.get("beyond_half_octave")),
            number((scores["dynamics"]["output"] or {}).get("slope"), 2),
            number((scores["gaps"] or {}).get("raised_db"), 1),
        )
    return table


def number(value, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def percent(value) -> str:
    return "–" if value is None else f"{100 * value:.2f}"


def _slopes(found: dict) -> str:
    if "slope_lowest" not in found:
        return ""
    return f"{number(found['slope_lowest'], 2)} to {number(found['slope_highest'], 2)} by recording"


def _table(title: str, rows: list[Row]):
    from rich.markup import escape

    table = console.table(escape(title))
    for name, justify in (("measure", "left"), ("figure", "right"), ("unit", "left"), ("meaning", "left")):
        table.add_column(name, justify=justify, no_wrap=name != "meaning")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
