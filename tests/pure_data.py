"""Pure Data without a window: patches made in Python, run faster than real time, their sound read back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[1]
PD = shutil.which("pd")
FOLDER = Path(os.environ.get("DDSP_RT_PD_FOLDER", ROOT / "build" / "dev" / "pd" / "ddsp-rt"))  # what `make pd` gathers
RATE = 48_000

needs_pd = pytest.mark.skipif(
    PD is None or not (FOLDER / "ddsp~.pd_linux").exists(),
    reason="Pure Data is not installed" if PD is None else "the Pd objects are not built (make pd)",
)


class Patch:
    """A patch as Pd writes it: objects are numbered as they are added."""

    def __init__(self, width: int = 700, height: int = 500):
        self.lines = [f"#N canvas 20 20 {width} {height} 12;"]
        self.count = 0

    def _add(self, line: str) -> int:
        self.lines.append(line)
        self.count += 1
        return self.count - 1

    def obj(self, text: str) -> int:
        """An object. Each lies further to the right, which is how Pd orders the inlets of a subpatch."""
        return self._add(f"#X obj {10 + 5 * self.count} {10 + 20 * self.count} {text};")

    def msg(self, text: str) -> int:
        """A message box; ", " and "; " are escaped here."""
        text = text.replace(", ", " \\, ").replace("; ", " \\; ")
        return self._add(f"#X msg 10 {10 + 20 * self.count} {text};")

    def sub(self, name: str, inner: Patch) -> int:
        """A subpatch."""
        self.lines += [inner.lines[0].replace(" 12;", f" {name} 0;"), *inner.lines[1:]]
        return self._add(f"#X restore 10 {10 + 20 * self.count} pd {name};")

    def connect(self, source: int, outlet: int, target: int, inlet: int) -> None:
        self.lines.append(f"#X connect {source} {outlet} {target} {inlet};")

    def write(self, path: Path) -> Path:
        path.write_text("\n".join(self.lines) + "\n")
        return path


def run_pd(
    patch: Path, *flags: str, rate: int = RATE, timeout: float = 120, prefix: tuple[str, ...] = (), **environment
) -> str:
    """Run a patch that quits by itself; what Pd wrote to its console."""
    command = [
        *prefix,
        PD,
        "-nogui",
        "-stderr",
        "-batch",
        "-noaudio",
        "-nrt",
        "-r",
        str(rate),
        "-noprefs",
        "-path",
        str(FOLDER),
    ]
    done = subprocess.run(
        [*command, *flags, patch.name],
        cwd=patch.parent,
        timeout=timeout,
        capture_output=True,
        text=True,
        env={**os.environ, "DDSP_RT_PATH": "", **environment},
    )
    console = done.stdout + done.stderr
    assert done.returncode == 0, console
    return console


LETTER, LINE = 7, 16  # pixels, of the font size 12 that the patches use


@dataclass(frozen=True)
class Box:
    """Something that a patch shows, in pixels. Labels are boxes of their own; a label shares its toggle's text."""

    kind: str
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def layout(path: Path) -> list[Box]:
    """What the window of a patch shows; of coloured bands (cnv) nothing, since they lie beneath."""
    boxes, depth = [], 0
    for statement in re.split(r"(?<!\\);\n", path.read_text()):
        statement = statement.replace("\n", " ")
        if statement.startswith("#N canvas"):
            depth += 1
        elif statement.startswith("#X restore"):
            depth -= 1
            _, _, x, y, *words = statement.split(" ")
            if depth == 1 and words[0] != "graph":
                boxes.append(_box("sub", " ".join(words), int(x), int(y), LETTER * len(" ".join(words)) + 6, LINE + 4))
        elif depth == 1 and (match := re.match(r"#X (obj|msg|text|floatatom) (\d+) (\d+) ?(.*)", statement)):
            boxes += _boxes(match[1], int(match[2]), int(match[3]), match[4])
    return boxes


def _box(kind: str, text: str, x: float, y: float, width: float, height: float) -> Box:
    return Box(kind, text, x, y, x + width, y + height)


def _boxes(kind: str, x: int, y: int, rest: str) -> list[Box]:
    words = re.findall(r"(?:\\ |[^ ])+", rest)
    if kind == "floatatom":
        return [_box(kind, "", x, y, LETTER * int(words[0]) + 6, LINE + 3)]
    if kind == "obj" and words[0] == "cnv":
        return []
    if kind == "obj" and words[0] in ("tgl", "bng", "hsl"):
        first = {"hsl": 9, "tgl": 5, "bng": 7}[words[0]]
        label, right, down = words[first].replace("\\ ", " "), int(words[first + 1]), int(words[first + 2])
        height = int(words[2]) if words[0] == "hsl" else int(words[1])
        boxes = [_box(words[0], "", x, y, int(words[1]), height)]
        if label != "empty":
            boxes.append(_box("label", label, x + right, y + down - 8, LETTER * len(label), 15))
        return boxes
    width = re.search(r", f (\d+)$", rest)
    text = re.sub(r" ?\\([,;])", r"\1", rest[: width.start()] if width else rest)
    columns = int(width[1]) if width else 60
    lines = textwrap.wrap(text, columns) or [""]
    letters = columns if width and kind != "text" else max(map(len, lines))
    return [_box(kind, text, x, y, LETTER * letters + 5, LINE * len(lines) + (2 if kind != "text" else -1))]


class Session:
    """A patch that plays arrays through objects and records what comes out, everything from the same sample on.

    It starts when the patch is loaded, or when `trigger`, an outlet as (node, outlet), sends something.
    """

    def __init__(self, folder: Path, seconds: float, rate: int = RATE):
        self.folder, self.seconds, self.rate = folder, seconds, rate
        self.patch = Patch()
        self.loaded = self.patch.obj("loadbang")
        self.trigger = (self.loaded, 0)
        self.order = self.patch.obj("t b b b b")  # right to left: read files, send messages, start, wait for the end
        self.outputs: list[str] = []

    def play(self, name: str, audio: np.ndarray) -> int:
        """A [tabplay~] of this audio."""
        soundfile.write(self.folder / f"{name}.wav", audio, self.rate, subtype="FLOAT")
        p = self.patch
        p.obj(f"table {name} {len(audio)}")
        read = p.msg(f"read -resize {name}.wav {name}")
        filer = p.obj("soundfiler")
        player = p.obj(f"tabplay~ {name}")
        p.connect(self.order, 3, read, 0)
        p.connect(read, 0, filer, 0)
        p.connect(self.order, 1, player, 0)
        return player

    def record(self, source: int, outlet: int = 0, name: str = "out") -> None:
        """Record an outlet from the first sample on."""
        p = self.patch
        p.obj(f"table {name} {round(self.seconds * self.rate)}")
        writer = p.obj(f"tabwrite~ {name}")
        p.connect(source, outlet, writer, 0)
        p.connect(self.order, 1, writer, 0)
        self.outputs.append(name)

    def send(self, target: int, text: str, at: float = 0.0, inlet: int = 0) -> None:
        """Send a message: at once before the sound starts, or after so many ms."""
        p = self.patch
        message = p.msg(text)
        if at > 0:
            delay = p.obj(f"del {at}")
            p.connect(self.order, 0, delay, 0)
            p.connect(delay, 0, message, 0)
        else:
            p.connect(self.order, 2, message, 0)
        p.connect(message, 0, target, inlet)

    def run(self, *flags: str, **keywords) -> tuple[dict[str, np.ndarray], str]:
        """The recordings by name, and the console."""
        p = self.patch
        p.connect(*self.trigger, self.order, 0)
        on = p.msg("; pd dsp 1")
        end = p.obj(f"del {1000 * self.seconds + 100}")
        order = p.obj("t b b")
        p.connect(self.order, 1, on, 0)
        p.connect(self.order, 0, end, 0)
        p.connect(end, 0, order, 0)
        quit_ = p.msg("; pd quit")
        p.connect(order, 0, quit_, 0)
        filer = p.obj("soundfiler")
        for name in self.outputs:
            write = p.msg(f"write -wave -bytes 4 {name}-recorded.wav {name}")
            p.connect(order, 1, write, 0)
            p.connect(write, 0, filer, 0)
        console = run_pd(p.write(self.folder / "session.pd"), *flags, rate=self.rate, **keywords)
        audio = {n: soundfile.read(self.folder / f"{n}-recorded.wav", dtype="float32")[0] for n in self.outputs}
        return audio, console
