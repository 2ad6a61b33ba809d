"""The figures of a result as one list: each with its unit, its target, and how far it must move to have moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure. low, high: the target's bounds, either None; goal: +1 when higher is better, -1 lower, 0 neither;
    best: a value that is better the nearer, whatever the goal.

    A figure with a target and no value is missed; so is one that holds for `judged` of `of` recordings only.
    step: the least change that means something.
    """

    group: str
    name: str
    value: float | None
    unit: str
    step: float
    goal: int = 0
    low: float | None = None
    high: float | None = None
    judged: int = 0
    of: int = 0
    best: float | None = None

    @property
    def missed(self) -> bool:
        if self.low is None and self.high is None:
            return False
        if self.value is None or self.judged < self.of:
            return True
        return not ((self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high))

    def merit(self, value: float) -> float:
        """Of a value of this figure: higher is better."""
        return self.goal * value if self.best is None else -abs(value - self.best)

    @property
    def shown(self) -> str:
        return "no result" if self.value is None else f"{self.value:.3g}"

    @property
    def wanted(self) -> str:
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"≥ {self.low:g}" if self.low is not None else f"≤ {self.high:g}" if self.high is not None else ""

    @property
    def verdict(self) -> str:
        if not self.wanted:
            return ""
        if self.judged < self.of:
            return f"MISSED: {self.of - self.judged} of {self.of} without a result"
        return "MISSED" if self.missed else "met"


def figures_of(result: dict) -> list[Figure]:
    """Every figure of a result of evaluate.py."""
    figures = list(_resynthesis(result)) if result["resynthesis"] else []
    for name, group in result["transfers"].items():
        figures += _playing(name, group, melody=0.2, half_octave=0.5)
        if group.get("timbre"):
            figures.append(Figure(name, "timbre, share of the source's distance", _percent(group["timbre"]["share"]),
                                  "%", 1, -1, high=35))  # fmt: skip
    return figures


def moved(before: list[Figure], after: list[Figure]) -> list[tuple[Figure | None, Figure | None, str]]:
    """What differs by more than chance: (was, is, "better", "worse", "new", "gone" or "")."""
    was, now = ({(figure.group, figure.name): figure for figure in figures} for figures in (before, after))
    rows = []
    for key in dict.fromkeys([*was, *now]):
        old, new = was.get(key), now.get(key)
        if old is None or new is None or (old.value is None) != (new.value is None):
            rows.append((old, new, "gone" if new is None or new.value is None else "new"))
        elif old.value is not None and abs(new.value - old.value) >= new.step:
            change = new.merit(new.value) - new.merit(old.value)
            rows.append((old, new, "better" if change > 0 else "worse" if change < 0 else ""))
    return rows


def _resynthesis(result: dict) -> Iterator[Figure]:
    own, test = result["resynthesis"], "test part"
    onset, tone = own["onset"] or {}, own["micro_variation"] or {}
    attack = own.get("attack_noise_db") or {}  # not in baselines of before it
    yield Figure(test, "mss", own["mss"], "", 0.02, -1, high=5.2)
    yield Figure(test, "noise floor of mss", own["mss_noise_floor"], "", 0.02)
    yield Figure(test, "third octaves, 8 to 16 kHz", own["high_band_db"], "dB", 0.2, -1)
    yield Figure(test, "loudness L1", own["loudness_l1_db"], "dB", 0.05, -1, high=1.5)
    yield Figure(test, "loudness L1, level-matched", own["loudness_l1_level_matched_db"], "dB", 0.05, -1, high=1.2)
    for signal in ("recording", "output"):
        moving = tone.get(signal) or {}
        yield Figure(test, f"HNR, {signal}", own["hnr_db"][signal], "dB", 0.2)
        yield Figure(test, f"attack noise, {signal}", attack.get(signal), "dB", 0.3)
        yield Figure(test, f"micro-variation 4-20 Hz, {signal}", moving.get("slow_db"), "dB", 0.1)
        yield Figure(test, f"micro-variation 20-100 Hz, {signal}", moving.get("fast_db"), "dB", 0.1)
        yield Figure(test, f"correlation between harmonics, {signal}", moving.get("correlation"), "", 0.05)
        yield Figure(test, f"tallest modulation line, {signal}", moving.get("line_db"), "dB", 1)
    yield Figure(test, "onset latency, attack included", onset.get("median_ms"), "ms", 0.5, -1)
    yield Figure(test, "onset jitter", onset.get("jitter_ms"), "ms", 0.5, -1)
    yield Figure(test, "clicks", own["clicks"], "", 1, -1, high=0)
    yield Figure(test, "timbre distance to the recording", own["timbre_distance"], "", 0.5, -1)
    yield Figure(test, "timbre distance of the training part", result["training_part_timbre"], "", 0.5)
    yield from _playing(test, own, melody=0.12, half_octave=0.5)


def _playing(group: str, found: dict, melody: float, half_octave: float) -> Iterator[Figure]:
    f0, tracker, gaps, spoken = (found[name] or {} for name in ("f0", "tracker", "gaps", "consonants"))
    counts = {"judged": found["f0_judged"], "of": len(found["files"])}
    octaves = _percent(f0.get("beyond_half_octave"))
    yield Figure(group, "f0 L1", f0.get("l1"), "semitones", 0.01, -1, high=melody, **counts)
    yield Figure(group, "beyond half an octave", octaves, "%", 0.1, -1, high=half_octave, **counts)
    yield Figure(group, "beyond one semitone", _percent(f0.get("beyond_semitone")), "%", 0.1, -1)
    yield Figure(group, "share judged", _percent(f0.get("judged")), "%", 2)
    heard = _percent(tracker.get("beyond_half_octave"))
    yield Figure(group, "pitch as heard: beyond half an octave", heard, "%", 0.1, -1, high=1.0, **counts)
    yield Figure(group, "excursions", found["excursions_per_minute"], "a minute", 1, -1)
    for name in ("fitted", "output"):
        dynamics = found["dynamics"][name] or {}
        bounds = {"low": 0.8, "high": 1.25} if name == "fitted" and group != "test part" else {}
        yield Figure(group, f"dynamics, {name}: lowest slope", dynamics.get("slope_lowest"), "dB/dB", 0.03, **bounds)
        yield Figure(group, f"dynamics, {name}: highest slope", dynamics.get("slope_highest"), "dB/dB", 0.03, **bounds)
        yield Figure(group, f"dynamics, {name}: range out of in", dynamics.get("range_ratio"), "", 0.03)
    yield Figure(group, "gap depth, source", gaps.get("source_db"), "dB", 1)
    yield Figure(group, "gap depth, output", gaps.get("output_db"), "dB", 1, -1)
    if gaps:
        yield Figure(group, "gaps raised at most", gaps["raised_most_db"], "dB", 1, -1, high=3)
    yield Figure(group, "consonants: harmonics over noise", spoken.get("harmonic_over_noise_db"), "dB", 0.5, -1)
    for signal in ("source", "output"):
        tilt = spoken.get(f"{signal}_above_over_below_db")
        yield Figure(group, f"consonants: above over below 3.5 kHz, {signal}", tilt, "dB", 0.5)
    yield Figure(group, "loudness lag", found["loudness_lag_ms"], "ms", 1, best=0)
    yield Figure(group, "pitch lag", found["pitch_lag_ms"], "ms", 1, best=0)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
