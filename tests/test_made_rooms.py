"""The small room and the hall that we made: that they ring as they say, colour little, and go into an instrument."""

import numpy as np
import pytest

pytest.importorskip("ddsp_rt._engine")

import ddsp_rt
from ddsp_rt.cli import main
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.made_rooms import MADE_ROOMS, made_room


def octave(response, rate, centre):
    """The response between half an octave below and above a frequency."""
    hertz = np.fft.rfftfreq(2 * len(response), 1 / rate)
    inside = np.abs(np.log2(np.maximum(hertz, 1.0) / centre)) < 0.5
    return np.fft.irfft(np.fft.rfft(response, 2 * len(response)) * inside)[: len(response)]


def decay_time(response, rate):
    """T60 by Schroeder's backward integration, from -5 to -25 dB."""
    left = np.cumsum(response[::-1] ** 2)[::-1]
    level = 10 * np.log10(left / left[0] + 1e-12)
    begin, end = np.argmax(level < -5), np.argmax(level < -25)
    return 3.0 * (end - begin) / rate


@pytest.mark.parametrize("name", MADE_ROOMS)
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_it_rings_as_long_as_it_says_and_high_tones_less(name, rate):
    response, place = made_room(name, rate).astype(float), MADE_ROOMS[name]
    for centre in (250.0, 500.0, 1000.0):
        assert decay_time(octave(response, rate, centre), rate) == pytest.approx(place.time, rel=0.15)
    assert decay_time(octave(response, rate, 5000.0), rate) < 0.85 * place.time
    assert response[0] == 0 and np.abs(response[-8:]).max() < 1e-3 * np.abs(response).max()


@pytest.mark.parametrize("name", MADE_ROOMS)
def test_it_is_one_room_at_every_rate_and_colours_what_is_played_by_3_db_at_most(name):
    thirds = 125.0 * 2.0 ** (np.arange(17) / 3)
    levels = {}
    for rate in (16_000, 48_000):
        response = made_room(name, rate).astype(float)
        dry = np.zeros(1 << 18)
        dry[: len(response)] = response
        dry[0] = 1.0
        power, hertz = np.abs(np.fft.rfft(dry)) ** 2, np.fft.rfftfreq(len(dry), 1 / rate)
        inside = np.abs(np.log2(np.maximum(hertz, 1.0)[:, None] / thirds)) < 1 / 6
        levels[rate] = np.array([10 * np.log10(power[third].mean()) for third in inside.T])
    assert np.allclose(levels[16_000], levels[48_000], atol=0.2)
    assert np.ptp(levels[48_000]) < 6.0 and np.abs(levels[48_000]).max() < 3.0


@pytest.mark.parametrize("name", MADE_ROOMS)
def test_its_end_is_dense_without_a_tone_or_a_flutter(name):
    response = octave(made_room(name, 48_000).astype(float), 48_000, 1000.0)
    late = response[len(response) // 5 : len(response) // 2]
    late = late * 10.0 ** (3.0 * np.arange(len(late)) / 48_000 / MADE_ROOMS[name].time)  # as if it did not decay
    flat = np.abs(np.fft.rfft(late * np.hanning(len(late)))) ** 2
    assert np.mean(late**4) / np.mean(late**2) ** 2 < 4.0  # 3 for noise, far more for single echoes
    again = np.fft.irfft(np.abs(np.fft.rfft(late**2 - np.mean(late**2), 2 * len(late))) ** 2)
    assert np.max(again[480 : len(late) // 2]) < 0.5 * again[0]
    assert flat.max() < 40.0 * flat[(flat > 1e-3 * flat.max())].mean()


def test_an_instrument_gets_it_and_all_else_stays(tmp_path, instrument_path, capsys):
    tone = (0.1 * np.sin(2 * np.pi * 440 * np.arange(12_000) / 48_000)).astype(np.float32)
    before = load_instrument(instrument_path)

    def play(path, **options):
        return ddsp_rt.load(path).transfer(tone, 48_000, octave=0, loudness=0.0, **options)

    alone, tails = play(instrument_path, reverb=0.0, tail=False), {}
    for name in ("none", *MADE_ROOMS):
        path = tmp_path / f"{name}.ddsp"
        assert main(["room", str(instrument_path), name, "-o", str(path)]) == 0
        metadata, tensors = load_instrument(path)
        assert metadata["quantiles"] == before[0]["quantiles"]
        for tensor, values in before[1].items():
            assert tensor == "reverb.impulse_response" or np.array_equal(tensors[tensor], values)
        assert np.array_equal(play(path, reverb=0.0, tail=False), alone)
        tails[name] = len(play(path)) - len(tone)
    assert "reverb.impulse_response" not in load_instrument(tmp_path / "none.ddsp")[1]
    assert tails["none"] + 2400 < tails["small"] < 0.5 * tails["hall"]
    capsys.readouterr()
    assert main(["room", str(instrument_path), "hall", "-o", str(tmp_path / "small.ddsp")]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert main(["room", str(instrument_path), "cave", "-o", str(tmp_path / "x.ddsp")]) == 2
    assert "cave: give small, hall or none" in capsys.readouterr().err
    assert main(["room", str(tmp_path / "hall.ddsp"), "none", "-o", str(tmp_path / "hall.ddsp"), "--force"]) == 0
    assert load_instrument(tmp_path / "hall.ddsp")[0]["architecture"]["reverb"] is None
