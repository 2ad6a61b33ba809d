"""Notes asked for in training by pitch and loudness alone."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_training import QUICK, RATE, TINY, tone, write_data

from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.network import Decoder
from ddsp_rt.synthesis.synthesizer import Synthesizer
from ddsp_rt.training import train
from ddsp_rt.training.asked_notes import AskedNotes, WithAskedNotes, level_off
from ddsp_rt.training.crops import Crops, TrainingBatches
from ddsp_rt.training.data_file import PreparedData
from ddsp_rt.training.loss import a_weighted_level

TABLE = {
    "quantiles": {
        "pitch_midi": [48.0, 60.0, 84.0],
        "loudness_db": [-50.0, -12.0, -8.0],
        "periodicity_median": 0.97,
    },
    "usual": {"fast_loudness": {"offset": 1.0, "slope": 1.0}, "balance": {"offset": -5.0, "slope": 0.5}},
}


def test_asked_notes_cover_the_range_and_are_held_each_louder_than_the_last():
    midi, levels = [], []
    for step in range(20):
        told, held = AskedNotes(TABLE).crops(0, step, 2, 1250)
        again, _ = AskedNotes(TABLE).crops(0, step, 2, 1250)
        assert all(torch.equal(value, again[name]) for name, value in told.items())
        assert torch.allclose(told["fast_loudness"], told["loudness"] + 1.0)
        assert torch.allclose(told["balance"], 0.5 * told["loudness"] - 5.0)
        assert torch.all(told["periodicity"] == 0.97)
        assert torch.all(torch.diff(told["loudness"]) >= -1e-4)
        for loudness, f0, sounds in zip(told["loudness"], told["f0"], held):
            edges = torch.diff(torch.nn.functional.pad(sounds.int(), [1, 1]))
            runs = list(zip(torch.nonzero(edges == 1)[:, 0].tolist(), torch.nonzero(edges == -1)[:, 0].tolist()))
            assert len(runs) == 5
            for begin, end in runs:
                assert end - begin > 100 and torch.all(torch.diff(loudness[begin - 90 : end]).abs() < 1e-4)
                cents = 1200 * torch.log2(f0[begin - 90 : end] / f0[begin:end].log().mean().exp())
                assert cents.abs().max() < 26
                midi.append(float(69 + 12 * torch.log2(f0[begin:end].mean() / 440)))
                levels.append(float(loudness[begin]))
    assert 47.7 < min(midi) < 48.5 and 83.5 < max(midi) < 84.3
    assert -52.0 <= min(levels) < -50.0 and -9.0 < max(levels) <= -8.0
    assert np.abs(np.histogram(midi, np.linspace(48, 84, 5))[0] - 50).max() < 8  # alike often


def test_an_eighth_of_the_crops_is_asked_for_and_scores_nothing_else(tmp_path):
    data = PreparedData(
        write_data(tmp_path / "d.safetensors", [tone(5200, 220.0), tone(900, 330.0)], ["hall", "booth"])
    )
    crops = Crops(data, 250, 125)
    for size, per_step in ((8, [1, 1, 1, 1]), (4, [0, 1, 0, 1]), (16, [2, 2, 2, 2])):
        settings = replace(QUICK, batch=size, scored=250, preroll=125)
        plain = TrainingBatches(crops, settings, 0, 4)
        mixed = WithAskedNotes(plain, AskedNotes(data.table), crops.rooms.index("booth"))
        for step, count in enumerate(per_step):
            batch, without = mixed[step], plain[step]
            assert len(batch.get("held", [])) == count
            kept = size - count
            assert all(torch.equal(batch[name][:kept], value[:kept]) for name, value in without.items())
            assert not batch["usable"][kept:].any() and torch.all(batch["room"][kept:] == crops.rooms.index("booth"))
            parts = [
                WithAskedNotes(TrainingBatches(crops, settings, 0, 4, rank, 2), mixed.notes, 0)[step] for rank in (0, 1)
            ]
            assert all(torch.equal(part["f0"], batch["f0"][rank::2]) for rank, part in enumerate(parts))
            assert sum(len(part.get("held", [])) for part in parts) == count


def test_the_level_is_judged_where_notes_are_held():
    time = torch.arange(RATE) / RATE
    loud = 0.1 * 2**0.5 * torch.sin(2 * torch.pi * 1000.0 * time)  # -20 dB below a full-scale square's power
    level = float(a_weighted_level(loud[None], RATE)[0, 125])
    asked = torch.full((1, 250), level - 6.0)
    held = torch.zeros(1, 250, dtype=torch.bool)
    held[:, 50:200] = True
    assert level_off(loud[None], asked, held, RATE).item() == pytest.approx(6.0, abs=0.05)
    asked[:, :40] = 0.0
    assert level_off(loud[None], asked, held, RATE).item() == pytest.approx(6.0, abs=0.05)
    assert level_off(loud[None], asked, torch.zeros_like(held), RATE).item() == 0.0


def test_what_was_recorded_at_one_loudness_is_played_as_softly_as_asked(tmp_path):
    recording = tone(2600, 220.0)
    steady = np.full(2600, -14.0, np.float32)
    time = np.arange(2600 * 64) / RATE
    recording["audio"] = (0.25 * sum(np.sin(2 * np.pi * 220.0 * h * time) / h for h in range(1, 6))).astype(np.float32)
    recording |= {"loudness": steady, "fast_loudness": steady, "balance": steady}
    data = write_data(tmp_path / "d.safetensors", [recording])

    def played(asked, told):
        """dB (A) for a note of which the network is told as much."""
        output = tmp_path / f"{asked}.ddsp"
        if not output.exists():
            settings = replace(QUICK, batch=8, scored=100, preroll=50, asked=asked, learning_rate=5e-2, clip=30.0)
            train(data, output, settings=settings, decoder=TINY, report=lambda line: None, device="cpu", steps=60)
        decoder = Decoder(TINY)
        decoder.load_state_dict(
            {
                n[8:]: torch.from_numpy(v.astype(np.float32))
                for n, v in load_instrument(output)[1].items()
                if n.startswith("decoder.")
            }
        )
        synthesizer = Synthesizer(RATE, RATE, TINY.harmonics, TINY.noise_bands)
        f0, periodicity, loudness = torch.full((1, 250), 220.0), torch.full((1, 250), 0.95), torch.full((1, 250), told)
        noise = synthesizer.filtered_noise.draw(1, 250, torch.Generator().manual_seed(0))
        with torch.no_grad():
            dry, _ = synthesizer(f0, *decoder(f0, periodicity, loudness)[:3], noise)
        return float(a_weighted_level(dry, RATE)[0, 150:240].mean())

    assert abs(played(0.0, -20.0) - played(0.0, -50.0)) < 3.0  # nobody told it otherwise
    assert 20.0 < played(1.0, -20.0) - played(1.0, -50.0) < 40.0
