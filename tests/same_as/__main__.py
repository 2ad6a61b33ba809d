"""Compares the samples of this build with those of another revision's, bit for bit: `make same-as REV=...`.

    python -m same_as OTHER_TREE        both trees with `.venv/.package` and `pd` built

Both builds play the same instruments and the same material through their public doors: `ddsp_rt`, `ddsp-rt transfer`,
`[ddsp.transfer~]` and `[ddsp~]`. One line a case; exit code 1 when any differs or cannot be rendered.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from same_as.comparison import compare
from same_as.material import RATES, notes, phrase
from same_as.pd_cases import pd_cases

ROOT = Path(__file__).parents[2]
OBJECTS = Path("build") / "pd" / "pd" / "ddsp-rt"


def main(other: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "inputs"
        prepare(inputs)
        old = render(other.resolve(), inputs, Path(folder) / "old")
        new = render(ROOT, inputs, Path(folder) / "new")
    different = 0
    for name in dict.fromkeys([*old, *new]):
        verdict = judge(old.get(name), new.get(name))
        different += bool(verdict)
        print(f"{'DIFFERENT' if verdict else 'equal    '}  {name}{': ' + verdict if verdict else ''}")
    print(f"{different} of {len(old)} cases differ" if different else f"All {len(old)} cases are equal, bit for bit")
    return 1 if different else 0


def prepare(inputs: Path) -> None:
    inputs.mkdir()
    shutil.copy(ROOT / "instruments" / "violin.ddsp", inputs)
    shutil.copy(ROOT / "tests" / "data" / "golden.ddsp", inputs)
    shutil.copy(ROOT / "examples" / "sung_phrase.flac", inputs / "phrase.flac")
    for rate in RATES:
        np.save(inputs / f"phrase-{rate}.npy", phrase(inputs / "phrase.flac", rate))
        np.save(inputs / f"notes-{rate}.npy", notes(rate))


def render(tree: Path, inputs: Path, out: Path) -> dict[str, np.ndarray | str]:
    """Every case by name: its samples, or why there are none."""
    out.mkdir()
    script = Path(__file__).with_name("python_cases.py")
    python = tree / ".venv" / "bin" / "python"
    subprocess.run([python, script, inputs, out], check=True)
    made: dict[str, np.ndarray | str] = {}
    for path in sorted(out.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        made[path.stem.replace("@", "/")] = np.load(path) if path.suffix == ".npy" else path.read_text()
    work = out / "pd"
    work.mkdir()
    made.update(pd_cases(inputs, work, tree / OBJECTS))
    return made


def judge(old: np.ndarray | str | None, new: np.ndarray | str | None) -> str:
    """What is to be said of a case; nothing when it is equal."""
    for which, made in (("the other revision", old), ("this one", new)):
        if made is None:
            return f"{which} did not render it"
        if isinstance(made, str):
            return f"{which} did not render it: {made}"
    if not len(old) or not np.any(old):
        return "silent, so nothing is compared"
    return compare(old, new).text


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
