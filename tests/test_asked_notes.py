"""Notes asked for in training by pitch and loudness alone."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_training import QUICK, RATE, TINY, last_checkpoint, tone, write_data

from ddsp_rt.architecture import Architecture
from ddsp_rt.training import train
from ddsp_rt.training.asked_notes import AskedNotes, WithAskedNotes, level_off
from ddsp_rt.training.crops import TRACKS, Crops, TrainingBatches
from ddsp_rt.training.data_file import PreparedData
from ddsp_rt.training.fast_layers import use_fast_layers
from ddsp_rt.training.loss import a_weighted_level
from ddsp_rt.training.model import TrainingModel
from ddsp_rt.training.module import TrainingModule

TABLE = {
    "quantiles": {
        "pitch_midi": [48.0, 60.0, 84.0],
        "loudness_db": [-50.0, -12.0, -8.0],
        "periodicity_median": 0.97,
    },
    "usual": {"fast_loudness": {"offset": 1.0, "slope": 1.0}, "balance": {"offset": -5.0, "slope": 0.5}},
}


def test_asked_notes_cover_the_range_and_are_held_each_louder_than_the_last():
    midi, levels, rested = [], [], []
    for step in range(20):
        told, held = AskedNotes(TABLE).crops(0, step, 2, 1250)
        again, _ = AskedNotes(TABLE).crops(0, step, 2, 1250)
        assert all(torch.equal(value, again[name]) for name, value in told.items())
        for row, sounds in enumerate(held):
            f0, periodicity, loudness, fast_loudness, balance = (told[name][row] for name in TRACKS)
            note = loudness > -100
            assert torch.allclose(fast_loudness[note], loudness[note] + 1.0)
            assert torch.allclose(balance[note], 0.5 * loudness[note] - 5.0)
            assert torch.all(periodicity[note] == np.float32(0.97)) and torch.all(periodicity[~note] == 0)
            assert torch.all(torch.diff(loudness[note]) >= -1e-4)
            rested.append(float((~note).float().mean()))
            edges = torch.diff(torch.nn.functional.pad(sounds.int(), [1, 1]))
            runs = list(zip(torch.nonzero(edges == 1)[:, 0].tolist(), torch.nonzero(edges == -1)[:, 0].tolist()))
            assert len(runs) == 5
            for begin, end in runs:
                assert end - begin > 80 and torch.all(torch.diff(loudness[begin - 90 : end]).abs() < 1e-4)
                cents = 1200 * torch.log2(f0[begin - 90 : end] / f0[begin:end].log().mean().exp())
                assert cents.abs().max() < 51
                midi.append(float(69 + 12 * torch.log2(f0[begin:end].mean() / 440)))
                levels.append(float(loudness[begin]))
    assert 47.7 < min(midi) < 48.5 and 83.5 < max(midi) < 84.3
    assert -52.0 <= min(levels) < -50.0 and -9.0 < max(levels) <= -8.0
    assert np.abs(np.histogram(midi, np.linspace(48, 84, 5))[0] - 50).max() < 10  # alike often
    assert set(np.round(rested, 3)) == {0.0, 0.2} and 10 < np.count_nonzero(rested) < 30


def test_an_eighth_of_the_crops_is_asked_for_and_scores_nothing_else(tmp_path):
    recordings = [tone(5200, 220.0), tone(900, 330.0)]
    data = PreparedData(write_data(tmp_path / "d.safetensors", recordings, ["hall", "booth"]))
    crops = Crops(data, 250, 125)
    booth = crops.rooms.index("booth")
    for size, per_step in ((8, [1, 1, 1, 1]), (4, [0, 1, 0, 1]), (16, [2, 2, 2, 2])):
        settings = replace(QUICK, batch=size, scored=250, preroll=125)
        plain = TrainingBatches(crops, settings, 0, 4)
        mixed = WithAskedNotes(plain, AskedNotes(data.table), booth)
        ranks = [WithAskedNotes(TrainingBatches(crops, settings, 0, 4, rank, 2), mixed.notes, booth) for rank in (0, 1)]
        for step, count in enumerate(per_step):
            batch, without = mixed[step], plain[step]
            assert len(batch.get("held", [])) == count
            kept = size - count
            assert all(torch.equal(batch[name][:kept], value[:kept]) for name, value in without.items())
            assert not batch["usable"][kept:].any() and torch.all(batch["room"][kept:] == booth)
            assert all(torch.equal(part[step]["f0"], batch["f0"][rank::2]) for rank, part in enumerate(ranks))
            assert sum(len(part[step].get("held", [])) for part in ranks) == count


def test_none_are_asked_for_before_half_of_the_budget_is_spent(tmp_path):
    data = PreparedData(write_data(tmp_path / "d.safetensors", [tone(5200, 220.0)]))
    crops = Crops(data, 250, 125)

    def asked(budget, seconds=0.0):
        settings = replace(QUICK, batch=8, **budget)
        batches = WithAskedNotes(TrainingBatches(crops, settings, 0, 6), AskedNotes(data.table), 0, seconds)
        return ["held" in batches[step] for step in range(6)]

    assert asked({"steps": 6}) == [False] * 3 + [True] * 3
    assert asked({"minutes": 1.0}, 29.0) == [False] * 6 and asked({"minutes": 1.0}, 31.0) == [True] * 6
    module = TrainingModule(TrainingModel(Architecture(TINY), RATE, None), crops, QUICK, "hall")
    assert "held" not in module.train_dataloader().dataset[0]
    module.halvings = 1  # of a run without a budget
    module.settings = replace(QUICK, batch=8)
    assert "held" in module.train_dataloader().dataset[0]
    module.settings = replace(QUICK, batch=8, asked=0.0)
    assert "held" not in module.train_dataloader().dataset[0]


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


def test_a_network_that_is_asked_learns_to_play_as_softly_as_told():
    torch.manual_seed(0)
    model = TrainingModel(Architecture(TINY), RATE, None)
    use_fast_layers(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)

    def levels(told):
        """dB (A) of A3 at each loudness of which the network is told."""
        features = {"f0": 220.0, "periodicity": 0.97, "fast_loudness": 0.0, "balance": 0.0}
        batch = {name: torch.full((len(told), 250), value) for name, value in features.items()}
        batch["loudness"] = torch.tensor(told)[:, None].expand(-1, 250)
        noise = model.synthesizer.filtered_noise.draw(len(told), 250, torch.Generator().manual_seed(0))
        with torch.no_grad():
            return a_weighted_level(model.dry(batch, noise, 10), RATE)[:, 150:240].mean(1)

    before = levels([-20.0, -35.0, -50.0])
    for step in range(60):
        batch, held = AskedNotes(TABLE).crops(0, step, 4, 260)
        noise = model.synthesizer.filtered_noise.draw(4, 260, torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        level_off(model.dry(batch, noise, 10)[:, 10 * 64 :], batch["loudness"][:, 10:], held[:, 10:], RATE).backward()
        optimizer.step()
    assert before.max() - before.min() < 3.0
    after = levels([-20.0, -35.0, -50.0])
    assert abs(after[0] + 20.0) < 4.0 and after[1] < after[0] - 2.0 and after[2] < after[1] - 8.0


@pytest.mark.usefixtures("short_ends")
def test_training_asks_as_much_as_it_is_told(tmp_path):
    data = write_data(tmp_path / "d.safetensors", [tone(2600, 220.0)])
    weights = []
    for name, asked in (("none", 0.0), ("asked", 1.0)):
        settings = replace(QUICK, batch=8, asked=asked)
        output = tmp_path / f"{name}.ddsp"
        train(data, output, settings=settings, decoder=TINY, report=lambda line: None, device="cpu", steps=2)
        weights.append(last_checkpoint(output)["weights"]["network.decoder.head.weight"])
    assert not torch.equal(*weights)
