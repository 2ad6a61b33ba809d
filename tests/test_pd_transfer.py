"""[ddsp.transfer~] in a real Pd: the same samples as Python's, and every message measured in the sound."""

import numpy as np
import pytest

import ddsp_rt
from pure_data import RATE, Patch, Session, needs_pd

pytestmark = needs_pd


def phrase(seconds=1.6, rate=RATE, f0=330.0):
    """A tone of eight harmonics with vibrato, with a rest in the middle."""
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(f0 * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * t))) / rate
    x = sum(0.2 / h * np.sin(h * phase) for h in range(1, 9))
    return (x * ((t > 0.1) & (np.abs(t - 0.8) > 0.1))).astype(np.float32)


def play(folder, instrument, audio, arguments="", messages=(), block=None, rate=RATE, flags=()):
    """The sound of the object, and the console."""
    session = Session(folder, len(audio) / rate, rate)
    source = session.play("in", audio)
    text = f"ddsp.transfer~ {instrument} {arguments}"
    if block is None:
        target = session.patch.obj(text)
    else:
        inner = Patch()
        nodes = [inner.obj("inlet~"), inner.obj(text), inner.obj("outlet~")]
        inner.obj(f"block~ {block}")
        inner.connect(nodes[0], 0, nodes[1], 0)
        inner.connect(nodes[1], 0, nodes[2], 0)
        target = session.patch.sub("inner", inner)
    session.patch.connect(source, 0, target, 0)
    for message in messages:
        session.send(target, *message) if isinstance(message, tuple) else session.send(target, message)
    session.record(target)
    audio, console = session.run(*flags)
    return audio["out"], console


def test_equals_python_whatever_the_block(tmp_path, instrument_path):
    audio = phrase()
    stream = ddsp_rt.load(instrument_path).stream(RATE)
    for block in (None, 1, 16, 64, 256, 2048):
        played, console = play(tmp_path, instrument_path, audio, block=block)
        assert "error" not in console
        gathered = max(block or 64, 64) - 64  # samples of silence that Pd puts before the first larger block
        stream.reset()
        expected = stream.process(np.concatenate([np.zeros(gathered, np.float32), audio]))[: len(played)]
        assert np.abs(expected).max() > 1e-3
        assert np.array_equal(played, expected), block
