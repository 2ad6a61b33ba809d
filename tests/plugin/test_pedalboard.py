"""Both plugins as VST3 in pedalboard, a JUCE host that compensates the latency it is told of."""

import numpy as np
import pytest

import ddsp_rt

from .conftest import RATE, built

pedalboard = pytest.importorskip("pedalboard")


@pytest.fixture
def transfer():
    return pedalboard.load_plugin(str(built("Transfer", "VST3")))


@pytest.fixture
def instrument():
    return pedalboard.load_plugin(str(built("Instrument", "VST3")))


@pytest.mark.parametrize("block", [1, 17, 64, 512, 4096])
def test_the_effect_plays_what_python_plays(transfer, sung, block):
    sung = sung[: RATE // 2] if block == 1 else sung
    assert transfer.reported_latency_samples == 0
    wanted = ddsp_rt.load("violin").stream(RATE).process(sung)
    heard = transfer.process(sung[None], RATE, buffer_size=block)
    assert np.abs(wanted).max() > 0.01
    assert np.abs(heard[0] - wanted).max() < 1e-6


def test_both_sides_of_a_stereo_track_play_the_instrument(transfer, sung):
    left = transfer.process(np.stack([sung, sung]), RATE)
    assert left.shape == (2, len(sung))
    assert np.array_equal(left[0], left[1])
    assert np.abs(left).max() > 0.01


def test_silence_stays_silence(transfer):
    assert not transfer.process(np.zeros((2, RATE), np.float32), RATE).any()


def test_a_key_plays_a_note(instrument):
    assert instrument.is_instrument
    on, off = ([0x90, 69, 100], 0.1), ([0x80, 69, 0], 1.1)
    audio = instrument([on, off], duration=2.0, sample_rate=RATE, num_channels=2)
    assert not audio[:, : RATE // 10].any()
    note = audio[0, RATE // 2 : RATE]
    assert np.abs(note).max() > 0.01
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note))))
    low = spectrum[: int(len(note) * 500 / RATE)]  # up to 500 Hz
    assert np.argmax(low) * RATE / len(note) == pytest.approx(440, abs=3)
