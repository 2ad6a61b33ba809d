"""Renders the cases that only Pure Data reaches in both revisions: learn, bypass, swap and the control door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pure_data
from pure_data import Patch, Session
from same_as.material import control

BLOCKS = (1, 64, 512)
STALL_MS = (
    700  # far more than a load takes: Pd's clock stands still meanwhile, so a swap falls on one and the same sample
)
TRANSFER_SCRIPTS = {  # name: creation arguments, and messages at ms
    "plain": ("", []),
    "learn": ("", [("learn", 200)]),
    "auto_fit": ("@auto_fit 1", [("auto_fit 0", 5000)]),
    "swap": ("@glide 40", [("instrument {other}", 900), ("instrument {one}", 2100)]),
    "learn, then swap": ("", [("learn", 1), ("instrument {other}", 5900)]),
    "swap under auto_fit": ("@auto_fit 1", [("instrument {other}", 2600)]),
    "bypass": ("@output_gain 3", [("bypass 1", 700), ("bypass 0", 1300)]),
    "fit by hand": ("@fit 1 3 -45 6", [("fit 2 -6", 1500), ("fit 0", 2500)]),
    "range": ("@range 150 1200", [("range 60 900", 1400), ("range", 2400)]),
    "mean z": ("", [("z mean", 800), ("z source", 1900)]),
    "reset": ("@reverb 2", [("reset", 760), ("reset", 2345)]),
}
MESSAGES = [
    ("transpose 7", 200), ("fine_tune 40", 400), ("gate 20", 500), ("gate 0", 700), ("harmonic_gain -12", 800),
    ("noise_gain 6", 900), ("brightness 3", 1000), ("reverb 0.2", 1200), ("output_gain -9", 1300), ("glide 150", 1400),
    ("harmonic_gain -60", 2000), ("harmonic_gain 0", 2200), ("noise_gain -60", 2400), ("reverb 2", 2600),
]  # fmt: skip
CONTROL_SCRIPTS = {  # name: creation arguments, messages, ratio of the modulator, which level
    "plain": ("", [], 0.0, "level"),
    "modulator": ("", [("ratio 0.5", 1500)], 0.02, "level"),
    "decibels": ("@units db", [], 0.01, "decibels"),
    "parameters": ("", MESSAGES, 0.0, "level"),
    "swap": ("@transpose 3", [("instrument {other}", 700), ("instrument {one}", 1600)], 0.01, "level"),
    "reset": ("@reverb 2", [("reset", 600)], 0.0, "level"),
}


def pd_cases(inputs: Path, work: Path, objects: Path) -> Iterator[tuple[str, np.ndarray | str]]:
    """(name, samples or what went wrong) of every case, played by the Pd objects in the folder `objects`."""
    pure_data.FOLDER = objects
    for one, other in (("violin", "golden"), ("golden", "violin")):
        names = {"one": str(inputs / f"{one}.ddsp"), "other": str(inputs / f"{other}.ddsp")}
        for rate in (44_100, 48_000, 96_000):
            for kind, run in (("ddsp.transfer~", _transfer), ("ddsp~", _control)):
                try:
                    recorded = run(inputs, work, names, rate)
                except Exception as error:
                    yield f"{kind}/{one}/{rate}", str(error).strip().splitlines()[-1]
                    continue
                for name, audio in recorded.items():
                    yield f"{kind}, {name}/{one}/{rate}", audio


def _transfer(inputs: Path, work: Path, names: dict[str, str], rate: int) -> dict[str, np.ndarray]:
    audio = np.load(inputs / f"notes-{rate}.npy")
    session = Session(work, len(audio) / rate, rate)
    source = session.play("in", audio)
    recorded = {}
    for name, block, (arguments, messages) in _spread(TRANSFER_SCRIPTS, rate):
        target = _boxed(session.patch, f"ddsp.transfer~ {names['one']} {arguments}", block, signals=1)
        session.patch.connect(source, 0, target, 0)
        _script(session, target, messages, names, inlet=1)
        recorded[f"{name}, block {block}"] = _record(session, target)
    return _run(session, recorded)


def _control(inputs: Path, work: Path, names: dict[str, str], rate: int) -> dict[str, np.ndarray]:
    signals = control(rate)
    session = Session(work, len(signals["f0"]) / rate, rate)
    sources = {name: session.play(name, values) for name, values in signals.items()}
    recorded = {}
    for name, block, (arguments, messages, ratio, level) in _spread(CONTROL_SCRIPTS, rate):
        arguments = f"{names['one']} {arguments} @ratio {ratio}"
        target = _boxed(session.patch, f"ddsp~ {arguments}", block, signals=3)
        for inlet, source in enumerate(("f0", level, "modulator")):
            session.patch.connect(sources[source], 0, target, inlet)
        _script(session, target, messages, names, inlet=3)
        recorded[f"{name}, block {block}"] = _record(session, target)
    return _run(session, recorded)


def _spread(scripts: dict, rate: int) -> Iterator[tuple[str, int, tuple]]:
    """Every script at every block size at 48 kHz, and in turns at the other rates."""
    for index, (name, script) in enumerate(scripts.items()):
        for block in BLOCKS if rate == 48_000 else (BLOCKS[index % len(BLOCKS)],):
            yield name, block, script


def _boxed(patch: Patch, text: str, block: int, signals: int) -> int:
    """An object in a subpatch of its own block~: inlets for its signals, then one for messages."""
    inner = Patch()
    inlets = [inner.obj("inlet~") for _ in range(signals)]
    messages, node, outlet = inner.obj("inlet"), inner.obj(text), inner.obj("outlet~")
    inner.obj(f"block~ {block}")
    for index, inlet in enumerate(inlets):
        inner.connect(inlet, 0, node, index if index == 0 else index + 1)  # [ddsp~]'s second inlet is its ratio
    inner.connect(messages, 0, node, 0)
    inner.connect(node, 0, outlet, 0)
    return patch.sub(f"box{patch.count}", inner)


def _record(session: Session, target: int) -> str:
    name = f"out{target}"
    session.record(target, name=name)
    return name


def _script(session: Session, target: int, messages: list, names: dict[str, str], inlet: int) -> None:
    """Sends messages at their times. After a swap Pd is held up until the other thread has loaded."""
    for text, at in messages:
        session.send(target, text.format(**names), at, inlet)
        if text.split()[0] in ("instrument", "range"):
            _stall(session.patch, session.order, at)


def _stall(patch: Patch, order: int, at: float) -> None:
    delay, begin, loop = patch.obj(f"del {at + 0.01}"), patch.obj("t b b"), patch.obj("until")
    clock, enough, done = patch.obj("realtime"), patch.obj(f"> {STALL_MS}"), patch.obj("sel 1")
    for source, outlet, target, inlet in (
        (order, 0, delay, 0),
        (delay, 0, begin, 0),
        (begin, 1, clock, 0),
        (begin, 0, loop, 0),
        (loop, 0, clock, 1),
        (clock, 0, enough, 0),
        (enough, 0, done, 0),
        (done, 0, loop, 1),
    ):
        patch.connect(source, outlet, target, inlet)


def _run(session: Session, recorded: dict[str, str]) -> dict[str, np.ndarray]:
    audio, console = session.run(timeout=300)
    complaints = [line for line in console.splitlines() if "error" in line or "couldn't" in line]
    if complaints:
        raise RuntimeError(complaints[0])
    return {name: audio[output] for name, output in recorded.items()}
