"""The live session as a sound card sees it: a C callback that is called block by block, here by the test."""

import ctypes

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt import _engine

RATE = 48_000


class Times(ctypes.Structure):
    _fields_ = [("input", ctypes.c_double), ("now", ctypes.c_double), ("output", ctypes.c_double)]


FLOATS = ctypes.POINTER(ctypes.c_float)
CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, FLOATS, FLOATS, ctypes.c_ulong, ctypes.POINTER(Times), ctypes.c_ulong, ctypes.c_void_p
)
UNDERFLOW, PRIMING = 0x4, 0x10  # flags of PortAudio


class Card:
    """Calls a session's callback; `inputs` channels in, of which it hears `channel`, and two out."""

    def __init__(self, inputs: int = 1, channel: int = 0, kept: int = 0):
        self.inputs = inputs
        self.session = _engine.Session(ddsp_rt.load("violin").engine, RATE, inputs, channel, 2, kept)
        address, self._user = self.session.callback()
        self._callback = CALLBACK(address)

    def play(self, audio: np.ndarray, block: int = 128, flags: int = 0, delay: float = 0.01) -> np.ndarray:
        """float32 [frames, inputs] or, of one input, [frames] -> float32 [frames], what both outputs give."""
        audio = np.ascontiguousarray(audio, np.float32).reshape(len(audio), -1)
        outs = []
        for start in range(0, len(audio), block):
            part = np.ascontiguousarray(audio[start : start + block])
            out = np.full((len(part), 2), np.nan, np.float32)
            times = Times(1.0, 1.0 + delay / 2, 1.0 + delay)
            source = part.ctypes.data_as(FLOATS) if self.inputs else None
            self._callback(source, out.ctypes.data_as(FLOATS), len(part), ctypes.byref(times), flags, self._user)
            np.testing.assert_array_equal(out[:, 0], out[:, 1])
            outs.append(out[:, 0])
        return np.concatenate(outs)


def sung(seconds: float, midi: float = 57.0) -> np.ndarray:
    phase = 2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * np.arange(int(seconds * RATE)) / RATE
    return (0.2 * sum(np.sin(h * phase) / h for h in range(1, 9))).astype(np.float32)


def pitch(audio: np.ndarray) -> float:
    features = ddsp_rt.analyse(audio, RATE)
    return float(np.median(features.midi[features.voiced]))


@pytest.mark.parametrize("block", [16, 128, 4096])
def test_it_plays_what_a_stream_plays_and_keeps_both(block):
    audio = sung(1.0)
    card = Card(kept=2 * RATE)
    played = card.play(audio, block)
    stream = ddsp_rt.load("violin").stream(RATE, fit="auto")
    np.testing.assert_array_equal(played, stream.process(audio))
    np.testing.assert_array_equal(card.session.draw(), np.stack([audio, played], axis=1))


def test_it_hears_the_channel_that_was_chosen():
    audio = sung(0.3)
    both = np.stack([np.zeros_like(audio), audio], axis=1)
    np.testing.assert_array_equal(Card(inputs=2, channel=1).play(both), Card().play(audio))


def test_what_is_commanded_holds_from_the_next_block_on():
    card = Card()
    audio = sung(2.0)
    card.session.set("reverb", 0.0)
    low = card.play(audio)
    card.session.set("transpose", 12.0)
    high = card.play(audio)
    assert pitch(high[RATE:]) - pitch(low[RATE:]) == pytest.approx(12, abs=0.1)
    card.session.bypass(True)
    np.testing.assert_array_equal(card.play(audio)[RATE // 10 :], audio[RATE // 10 :])
    card.session.learn()
    card.play(sung(0.1))
    assert card.session.status()["learning"]


def test_an_instrument_follows_another():
    card = Card()
    card.play(sung(0.5))
    card.session.swap(ddsp_rt.load("violin").engine)
    out = card.play(sung(1.0))
    assert card.session.status()["settled"]
    assert np.abs(np.diff(out)).max() < 0.5
    assert np.abs(out).max() > 0.01


def test_keys_sound_and_stop():
    card = Card(inputs=0, kept=10 * RATE)
    silence = np.zeros(RATE)
    assert np.abs(card.play(silence)).max() == 0
    card.session.set("reverb", 0.0)
    card.session.midi(0x90, 69, 100)
    held = card.play(silence)
    assert pitch(held) == pytest.approx(69, abs=0.05)
    status = card.session.status()
    assert status["sounding"] == 1
    assert status["f0"] == pytest.approx(440, rel=0.01)
    card.session.midi(0x80, 69, 0)
    card.play(silence)
    assert np.abs(card.play(silence)).max() < 1e-4
    assert card.session.draw().shape == (4 * RATE, 1)


def test_it_tells_what_the_card_said_and_counts_what_was_lost():
    card = Card(kept=RATE)
    card.play(sung(0.5), delay=0.0093)
    status = card.session.status()
    assert status["delay"] == pytest.approx(0.0093, abs=1e-4)
    assert (status["frames"], status["block"], status["dropouts"], status["lost"]) == (RATE // 2, RATE // 2 % 128, 0, 0)
    assert -20 < status["input_db"] < 0
    assert 0 < status["load"] <= status["peak"]
    card.play(sung(0.01), block=480, flags=PRIMING)
    assert card.session.status()["dropouts"] == 0
    card.play(sung(0.01), block=480, flags=UNDERFLOW)
    assert card.session.status()["dropouts"] == 1
    card.play(sung(1.0), block=480)  # nobody draws, and there is room for a second
    lost = card.session.status()["lost"]
    assert lost > 0
    assert len(card.session.draw()) + lost == card.session.frames()
