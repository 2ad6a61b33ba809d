"""Held notes that move: the engine against its twin, the doors, and what a recording tells of them."""

import numpy as np
import pytest
from conftest import LIFE, fluttering
from test_voice_parity import performance

import ddsp_rt
from ddsp_rt import _engine
from ddsp_rt.cli import main
from ddsp_rt.instrument_file import InstrumentError, load_instrument, save_instrument

FRAMES = 500


def test_the_engine_moves_as_the_twin_does(living_path):
    torch = pytest.importorskip("torch")
    from ddsp_rt.network import InstrumentModel
    from ddsp_rt.synthesis import Breath, Life

    metadata, tensors = load_instrument(living_path)
    model = InstrumentModel(metadata["architecture"])
    model.load_tensors(tensors)
    decoder, rate = metadata["architecture"]["decoder"], metadata["model_rate"]
    f0, periodicity, loudness = (track[:FRAMES] for track in performance())
    balance = np.full(FRAMES, -12, np.float32)
    parts = _engine.Voice(_engine.Instrument.load(living_path), rate).render_parts(
        f0, periodicity, loudness, balance=balance, life=0.8
    )
    quantiles = metadata["quantiles"]
    median = np.interp(0.5, quantiles["probabilities"], quantiles["pitch_midi"])
    start = 440 * 2 ** ((median - 69) / 12)
    life = Life(LIFE["hertz"], LIFE["depth"], rate, decoder["harmonics"], start, fast=LIFE["fast"])
    with torch.no_grad():
        batch = [torch.from_numpy(x)[None] for x in (f0, periodicity, loudness, balance)]
        amplitude, harmonics, noise, _ = model.decoder(*batch[:3])
        breath = Breath(rate, decoder["harmonics"], decoder["noise_bands"])
        amplitude, noise, _ = breath(batch[0], batch[1], batch[3], amplitude, harmonics, noise)
        still = harmonics.clone()
        half = FRAMES // 2
        one = life(batch[0][:, :half], 0.8, amplitude[:, :half], harmonics[:, :half])
        two = life(batch[0][:, half:], 0.8, amplitude[:, half:], harmonics[:, half:], one[2])
        amplitude, harmonics = (torch.cat([one[n], two[n]], dim=1)[0].numpy() for n in (0, 1))
    assert np.abs(parts["harmonics"] - still[0].numpy()).max() > 0.05
    np.testing.assert_allclose(parts["amplitude"], amplitude, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(parts["harmonics"], harmonics, rtol=1e-3, atol=1e-6)


def test_without_life_nothing_changes_and_with_it_the_doors_agree(living_path, instrument_path):
    tone = (0.2 * np.sin(2 * np.pi * 330 * np.arange(48_000) / 48_000)).astype(np.float32)
    plain, moving = ddsp_rt.load(instrument_path), ddsp_rt.load(living_path)

    def stream(instrument, block, **values):
        player = instrument.stream(48_000)
        for name, value in values.items():
            player.set(name, value)
        player.reset()
        return np.concatenate([player.process(tone[i : i + block]) for i in range(0, len(tone), block)])

    still = stream(plain, 64)
    assert np.array_equal(stream(moving, 64, life=0), still)
    whole = stream(moving, 48_000)
    assert np.abs(whole - still).max() > 1e-3
    assert np.array_equal(stream(moving, 64), whole)
    assert np.array_equal(stream(moving, 37), whole)


def test_a_resynthesis_moves_only_when_asked(living_path, tone):
    from ddsp_rt.evaluation.rendering import resynthesise

    instrument, sound = ddsp_rt.load(living_path), tone(seconds=0.5)
    still, again, moving = (resynthesise(instrument, sound, 16_000, *life).output for life in ((), (0.0,), (1.0,)))
    assert np.array_equal(still, again)
    assert np.abs(moving - still).max() > 1e-3


def test_silence_stays_exact(living_path):
    out = ddsp_rt.load(living_path).transfer(np.zeros(24_000, np.float32), 48_000)
    assert not out.any()


@pytest.mark.parametrize(
    ("life", "said"),
    [
        ({"hertz": [100.0, 90.0], "depth": [0.1, 0.1]}, "must rise|must not fall"),
        ({"hertz": [100.0, 900.0], "depth": [0.1]}, "life.depth"),
        ({"hertz": [100.0, 900.0], "depth": [0.1, 7]}, "life.depth"),
        ({"hertz": 3, "depth": []}, "life"),
        ({"hertz": [100.0, 900.0], "depth": [0.1, 0.1], "fast": [0.1]}, "life.fast"),
        ({"hertz": [100.0, 900.0], "depth": [0.1, 0.1], "fast": [0.1, -1]}, "life.fast"),
    ],
)
def test_a_life_that_cannot_be_is_refused(life, said, instrument_path, tmp_path):
    metadata, tensors = load_instrument(instrument_path)
    with pytest.raises(InstrumentError, match=said):
        save_instrument(tmp_path / "x.ddsp", tensors, metadata | {"life": life})


def test_what_is_measured_of_a_moving_instrument_is_what_it_moves_by(living_path, tmp_path, monkeypatch):
    """A recording made by the moving instrument, measured on the still one by the command."""
    from ddsp_rt.training import life

    measured, life_of = [], life.life_of
    monkeypatch.setattr(life, "life_of", lambda *given: measured.append(life_of(*given)) or measured[-1])
    metadata, tensors = load_instrument(living_path)
    frames, rate = 250 * 16, metadata["model_rate"]
    midi = np.repeat([57, 60, 64, 67, 69, 72, 62, 65, 59, 70], frames // 10)
    f0 = (440 * 2 ** ((midi - 69) / 12)).astype(np.float32)
    loudness = np.full(frames, -25, np.float32)
    loudness[np.arange(frames) % (frames // 10) > frames // 10 - 20] = -70
    voice = _engine.Voice(_engine.Instrument.load(living_path), rate)
    made = voice.render_parts(f0, np.full(frames, 0.95, np.float32), loudness, life=1.0)["audio"]
    path = tmp_path / "still.ddsp"
    save_instrument(path, tensors, {name: value for name, value in metadata.items() if name != "life"}, "float32")
    ddsp_rt.write_audio(tmp_path / "take.wav", made, rate)
    assert main(["-q", "life", str(path), str(tmp_path / "take.wav"), "--store"]) == 0
    (found,) = measured
    assert found.table and found.windows > 50
    assert found.still < 0.8 * found.recorded
    assert found.moving == pytest.approx(found.recorded, rel=0.2)
    stored = load_instrument(path)[0]["life"]
    assert stored["hertz"] == found.table["hertz"] and np.allclose(stored["depth"], found.table["depth"], atol=1e-6)


# ---- what is measured of recordings


def test_depths_are_as_large_as_what_is_missing_and_what_it_costs_allow():
    """A stand-in for an instrument: it plays still tones, and with depths tones that flutter as deeply."""
    from ddsp_rt.training.life import COST, MOST, Take, solve

    def found(recorded, worth=1.0):
        takes = [Take(fluttering(recorded, hertz, seed=9), 16_000) for hertz in (220.0, 330.0, 587.0)]

        def play(depth):
            now = 0.0 if depth is None else float(np.mean(depth["depth"]))
            return [fluttering(now, hertz, seed=9) * (1 + worth * now) for hertz in (220.0, 330.0, 587.0)]

        return solve(takes, play)

    assert max(found(0.0).table["depth"]) < 0.02  # a dry, steady instrument gets next to none
    some = found(0.15, worth=0.0)
    assert np.mean(some.table["depth"]) == pytest.approx(0.15, rel=0.25)
    assert some.moving == pytest.approx(some.recorded, rel=0.15) and some.still < 0.1 * some.recorded
    dear = found(0.4, worth=5.0)
    assert max(dear.table["depth"]) < MOST[0, 0] and dear.cost < 1.1 * COST
    assert solve([Take(np.zeros(16_000), 16_000)], lambda depth: [np.zeros(16_000)]).table is None


def test_a_harmonic_that_hardly_sounds_does_not_tell():
    from ddsp_rt.training.life import Take

    time = np.arange(32_000) / 16_000
    hiss = 1e-4 * np.random.default_rng(1).standard_normal(len(time))
    tones = [Take(np.sin(2 * np.pi * 440 * time) * 0.2 + level * np.sin(2 * np.pi * 880 * time) + hiss, 16_000)
             for level in (0.05, 1e-5)]  # fmt: skip
    assert np.isfinite(tones[0].recorded[:, :, :2]).all() and np.isnan(tones[0].recorded[:, :, 2:]).all()
    assert np.isnan(tones[1].recorded[:, :, 1:]).all()
