"""What training has come to, in plain words, and what to record next."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ddsp_rt.note_names import note_name, span
from ddsp_rt.training.assessment import Assessment
from ddsp_rt.training.crops import Crops

FOLLOWS, HARDLY = 0.75, 0.4  # dB played for a decibel asked for
SOFT_RANGE = 15.0  # dB between soft and loud that recordings should have
PAUSE_RISEN = 6.0  # dB by which a pause may be louder than recorded
SILENT = -80.0  # dB under loud: nobody hears what is left of a pause there
WORSE = 1.25  # times the median error that make a note weak
FEW = 2.0  # seconds of a note
ENOUGH = 300.0  # seconds of everything


def verdict(assessment: Assessment, crops: Crops) -> list[str]:
    """Sentences, one a line."""
    a = assessment
    how = "follows loudness" if a.follows >= FOLLOWS else "follows loudness in part"
    how = "hardly follows loudness" if a.follows < HARDLY else how
    asked, played = (f"{ends[0]:.0f} to {ends[1]:.0f} dB" for ends in (a.asked, a.played))
    measured = f"{a.follows:.2f} dB for a decibel); on what was held out it is {a.loudness_l1:.1f} dB off."
    lines = [f"It {how}: asked for {asked} it plays {played} ({measured}"]
    if a.gap_recorded is None or a.gap_played is None:
        lines.append("Whether its pauses are silent could not be heard: what was held out has none.")
    elif a.gap_played > max(a.gap_recorded + PAUSE_RISEN, SILENT):
        lines.append(
            f"Its pauses are not silent: {-a.gap_played:.0f} dB under loud, where the recordings have "
            f"{-a.gap_recorded:.0f} dB."
        )
    else:
        played = "silent" if a.gap_played <= SILENT else f"{-a.gap_played:.0f} dB under loud"
        how = "as quiet as recorded" if a.gap_played <= a.gap_recorded + PAUSE_RISEN else "quiet"
        lines.append(f"Its pauses are {how}: {played} (recordings: {-a.gap_recorded:.0f} dB).")
    weak = weak_notes(a)
    lines.append(f"Weak notes: {spans(weak)}." if weak else "No note is much weaker than the others.")
    lines.append(f"To record next: {'; '.join(wishes(a, crops))}.")
    return lines


def weak_notes(assessment: Assessment) -> list[int]:
    """Notes whose spectrum is further from the recordings than that of most, or of which there is hardly anything."""
    errors, seconds = assessment.error, assessment.seconds
    limit = WORSE * float(np.median(list(errors.values()))) if errors else 0.0
    notes = {note for note, error in errors.items() if error > limit}
    low, high = _range(seconds)
    return sorted(notes | {note for note in range(low, high + 1) if seconds.get(note, 0.0) < FEW})


def wishes(assessment: Assessment, crops: Crops) -> list[str]:
    """What would help most, the first first; never empty."""
    found = []
    if crops.seconds < ENOUGH:
        found.append(f"more of everything ({crops.seconds / 60:.1f} min so far; five to fifteen are good)")
    if weak := weak_notes(assessment):
        found.append(f"long and short notes on {spans(weak)}")
    loudness = crops.data.table["quantiles"]["loudness_db"]
    if assessment.follows < FOLLOWS or loudness[-2] - loudness[1] < SOFT_RANGE:
        found.append("the same notes played softly, and swells from soft to loud")
    if assessment.gap_recorded is None:
        found.append("phrases with pauses, so that the room and the silence are learnt")
    return found or ["nothing is missing; more phrases in the style you play will still help"]


def spans(notes: Iterable[int]) -> str:
    """Neighbouring notes by their ends: [60, 61, 62, 65] -> "C4 to D4, F4"."""
    groups: list[list[int]] = []
    for note in sorted(notes):
        if groups and note == groups[-1][-1] + 1:
            groups[-1].append(note)
        else:
            groups.append([note])
    words = [note_name(g[0]) if len(g) == 1 else span(g) for g in groups]
    return ", ".join(words[:8]) + (f" and {len(words) - 8} more" if len(words) > 8 else "")


def _range(seconds: dict[int, float]) -> tuple[int, int]:
    """The notes between which 98 % of the data lies."""
    notes = sorted(seconds)
    if not notes:
        return 0, -1
    share = np.cumsum([seconds[note] for note in notes]) / max(sum(seconds.values()), 1e-9)
    return notes[int(np.searchsorted(share, 0.01))], notes[int(np.searchsorted(share, 0.99))]
