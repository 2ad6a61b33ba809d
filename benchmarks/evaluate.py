"""The figures that need recordings: what an instrument makes of its test part and of other performers' phrases.

    python benchmarks/evaluate.py DATA [--instrument violin] [--json FILE] [--against FILE] [--quick] [--only WORDS]

DATA holds folders of recordings as TEST_PART and PHRASES below name them. Prints every figure beside its target (and,
with --against, what moved since an earlier run), and ends with 1 when a target is missed. It takes one to two seconds
of a core for a second of sound. What the judges say is kept in build/judges, so that only outputs that changed are
judged anew, and what was measured of an unchanged revision in build/measured, from where an interrupted run goes on.
--quick leaves the rendered tunes and single notes out; --only takes the groups whose names hold one of the words, comma
between.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from figures import Figure, figures_of, moved

import ddsp_rt
from ddsp_rt.content_hash import content_hash
from ddsp_rt.errors import UserError
from ddsp_rt.evaluation.performance import public, together
from ddsp_rt.evaluation.rendering import read_part
from ddsp_rt.evaluation.report import evaluate, judge_transfer, plain, transfer_timbre
from ddsp_rt.evaluation.timbre import timbre_distance, timbre_frames
from ddsp_rt.evaluation.truth import Truths
from ddsp_rt.whole_files import whole_file

TEST_PART = ("violin/bach-*_mono/*.flac", 30.0)  # its last seconds: never trained on
OWN = "violin, its own test part"
CACHE = Path(__file__).parents[1] / "build" / "judges"
MEASURED = CACHE.with_name("measured")


@dataclass(frozen=True)
class Group:
    """Performances that are judged together: patterns in DATA, and where their true pitch may be found."""

    patterns: str
    notes: str | None = None  # folder of aligned notes
    name_octaves: int = 0  # this library's file names are so many octaves too low
    slow: bool = False


PHRASES = {
    "saxophone": Group("saxophone/sms-tools_phrases/*.flac"),
    "voice": Group("voice/vocadito/*.flac voice/sms-tools_phrases/*.flac"),
    "cello": Group("cello/sms-tools_phrase/*.flac"),
    "flute": Group("flute/berklee_trills/*.flac"),
    "trumpet": Group("trumpet/librosa_phrase/*.flac"),
    "saxophone, rendered tunes": Group(
        "saxophone/SYNTH_weresax_phrases/greensleeves_*.flac saxophone/SYNTH_weresax_phrases/amazing_grace_p.flac",
        notes="saxophone/score_alignments",
        slow=True,
    ),
    "cello, low single notes": Group("cello/karoryfer-bigcat_short_notes/*1_f_1.flac", name_octaves=1, slow=True),
    "double bass, single notes": Group("double_bass/karoryfer-meatbass_arco_notes/*_vl3_*.flac", slow=True),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--instrument", default="violin")
    parser.add_argument("--json", type=Path, help="also write everything measured here")
    parser.add_argument("--against", type=Path, help="what --json wrote before: print what moved since")
    parser.add_argument("--quick", action="store_true", help="without the rendered tunes and single notes")
    parser.add_argument("--only", metavar="WORDS", help=f"groups of this name alone, of: {', '.join([OWN, *PHRASES])}")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    try:
        before = read(options.against) if options.against else None
        result = measure(options)
        if options.json:
            with whole_file(options.json) as file:
                file.write((json.dumps(result, indent=1) + "\n").encode())
    except UserError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return error.exit_code
    missed = show(result)
    if before:
        show_moved(before, result, options.against)
    return missed


def read(path: Path) -> dict:
    try:
        before = json.loads(path.read_text())
        figures_of(before)
        return before
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ddsp_rt.DataError(f"{path}: not a result of this script: {error}") from None


def measure(options) -> dict:
    names = [name for name in [OWN, *PHRASES] if not (options.quick and name in PHRASES and PHRASES[name].slow)]
    if options.only:
        names = [name for name in names if any(word.strip() in name for word in options.only.split(","))]
    test = files_of(options.data, TEST_PART[0]) if OWN in names else []
    files = {name: files_of(options.data, PHRASES[name].patterns) for name in names if name != OWN}
    if not test and not any(files.values()):
        raise ddsp_rt.UsageError(f"{options.data}: holds none of {TEST_PART[0]} and the phrases")
    instrument = ddsp_rt.load(options.instrument).path  # fails here rather than in a process of its own
    revision = commit()  # before the long work, during which the files may change
    state = None if revision is None or revision.endswith("+") else f"{revision} {content_hash(instrument)}"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:

        def start(group: str, paths: list[Path], work: Callable[[], Any]) -> Future:
            future = pool.submit(once, state, [group, *map(content_hash, paths)], work)
            waiting[future] = f"{group}: {paths[0].name}"
            return future

        waiting: dict[Future, str] = {}
        resynthesis = start(OWN, test, partial(resynthesise, options.instrument, test)) if test else None
        pieces = [(path, name) for name, paths in files.items() for path in paths]
        jobs = {  # the longest first, so that no process is left alone with one at the end
            (path, name): start(name, [path], partial(play, options.instrument, path, options.data, PHRASES[name]))
            for path, name in sorted(pieces, key=lambda piece: piece[0].stat().st_size, reverse=True)
        }
        tell(waiting)
        played = {name: [jobs[path, name].result() for path in paths] for name, paths in files.items() if paths}
        own = resynthesis.result() if resynthesis else None
    target, training = (part_of(test, last) for last in (True, False)) if test else (None, None)
    return within(
        options.data,
        {
            "commit": revision,
            "instrument": options.instrument,
            "resynthesis": own,
            "training_part_timbre": timbre_distance(training, target) if test else None,
            "transfers": {name: group_of(group, target) for name, group in played.items()},
        },
    )


def once(state: str | None, what: list[str], work: Callable[[], Any]) -> Any:
    """What `work` gives, kept for the next run of an unchanged `state` of code and instrument (None: not known)."""
    if state is None:
        return work()
    kept = MEASURED / hashlib.sha256("\n".join([state, *what]).encode()).hexdigest()[:24]
    if kept.is_file():
        return pickle.loads(kept.read_bytes())
    result = work()
    with whole_file(kept) as file:
        pickle.dump(result, file)
    return result


def tell(waiting: dict[Future, str]) -> None:
    """A line on standard error for each job as it ends: the work takes long, and what is left of it is to be seen."""
    start, say = time.monotonic(), partial(print, file=sys.stderr, flush=True)
    say(f"evaluate: {len(waiting)} pieces of work, the longest first")
    for done, future in enumerate(as_completed(waiting), 1):
        minutes = (time.monotonic() - start) / 60
        print(
            f"evaluate: {done} of {len(waiting)} after {minutes:.1f} min: {waiting[future]}",
            file=sys.stderr,
            flush=True,
        )


def within(folder: Path, result: dict) -> dict:
    """The result as JSON holds it, with files named from `folder` on: a result is the same wherever the data lie."""
    text = json.dumps(plain(result), ensure_ascii=False)
    return json.loads(text.replace(json.dumps(f"{folder}/", ensure_ascii=False)[1:-1], ""))


def files_of(data: Path, patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns.split() for path in data.glob(pattern))


def resynthesise(name: str, files: list[Path]) -> dict:
    return evaluate(ddsp_rt.load(name), files, last=TEST_PART[1], cache=CACHE)


def play(name: str, path: Path, data: Path, group: Group) -> tuple[dict, dict]:
    """Scores of one performance played on the instrument, and the frames of both timbres."""
    truths = Truths(folder=data / group.notes if group.notes else None, name_octaves=group.name_octaves)
    pools: dict[str, list] = {"source": [], "played": []}
    return judge_transfer(ddsp_rt.load(name), path, pools, truths, CACHE), pools


def group_of(played: list[tuple[dict, dict]], target: np.ndarray | None) -> dict:
    """A group of performances together."""
    scores = [one for one, _ in played]
    pools = {name: [frames for _, pool in played for frames in pool[name]] for name in ("source", "played")}
    found = together(scores)
    pools["recording"] = [] if target is None else [target]
    return {**found, "timbre": transfer_timbre(pools, found["seconds"]), "files": public(scores)}


def part_of(files: list[Path], last: bool) -> np.ndarray:
    """Timbre of the test part, or of what precedes it."""
    frames = []
    for path in files:
        audio, rate, _ = read_part(path, None)
        cut = max(len(audio) - int(TEST_PART[1] * rate), 0)
        frames.append(timbre_frames(audio[cut:] if last else audio[:cut], rate))
    return np.concatenate(frames)


def commit() -> str | None:
    """The revision that was measured; a plus sign when files differ from it."""
    try:
        run = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+", "--exclude=*"]
        return subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def show(result: dict) -> int:
    """Prints the table; 1 when a target is missed."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{result['instrument']} at {result['commit']}")
    for name, justify in (("figure", "left"), ("is", "right"), ("unit", "left"), ("target", "right"), ("", "left")):
        table.add_column(name, justify=justify)
    missed, group = 0, None
    for figure in figures_of(result):
        missed += figure.missed
        if figure.group != group:
            group = figure.group
            table.add_section()
            table.add_row(group)
        table.add_row(f"  {figure.name}", figure.shown, figure.unit, figure.wanted, figure.verdict)
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(table)
    for note in (result["resynthesis"] or {}).get("notes", []):
        console.print(f"Note: {note}")
    console.print("All targets met." if missed == 0 else f"{missed} missed.")
    return min(missed, 1)


def show_moved(before: dict, result: dict, path: Path) -> None:
    """Prints the figures that moved between two results."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Moved since {before.get('commit')} ({path.name})")
    for name, justify in (("figure", "left"), ("was", "right"), ("is", "right"), ("unit", "left"), ("", "left")):
        table.add_column(name, justify=justify)
    rows = moved(figures_of(before), figures_of(result))
    for was, now, verdict in rows:
        name = now or was
        shown = (figure.shown if isinstance(figure, Figure) else "–" for figure in (was, now))
        table.add_row(f"{name.group}: {name.name}", *shown, name.unit, verdict)
    Console(width=None if sys.stdout.isatty() else 110).print(table if rows else "Nothing moved.")


if __name__ == "__main__":
    sys.exit(main())
