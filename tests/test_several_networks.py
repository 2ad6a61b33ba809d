"""Several networks that learn apart, and one that learns the mean of what they play."""

import copy
import re
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from test_training import QUICK, RATE, TINY, quick, tone, write_data

from ddsp_rt.architecture import Architecture
from ddsp_rt.errors import UsageError
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.training import several, train
from ddsp_rt.training.checkpoint import load_checkpoint
from ddsp_rt.training.crops import Crops
from ddsp_rt.training.data_file import PreparedData
from ddsp_rt.training.model import TrainingModel
from ddsp_rt.training.module import TrainingModule
from ddsp_rt.training.rooms import Rooms

pytestmark = pytest.mark.usefixtures("short_ends")


@pytest.fixture
def module(tmp_path):
    """A module that has learnt nothing yet, in a room."""
    recordings = [tone(2600, 220.0), tone(800, 330.0, 1)]
    crops = Crops(PreparedData(write_data(tmp_path / "data.safetensors", recordings)), QUICK.scored, QUICK.preroll)
    return TrainingModule(new_model(0, crops), crops, QUICK, "hall")


def new_model(seed, crops):
    torch.manual_seed(seed)
    return TrainingModel(Architecture(TINY), RATE, Rooms(crops.rooms, 700, [900.0] * len(crops.rooms)))


def levels_of(model, network):
    """dB of harmonics and noise bands of three notes that no recording has."""
    told = {name: torch.full((3, 200), value) for name, value in (("periodicity", 0.97), ("balance", -20.0))}
    told["f0"] = torch.tensor([[196.0], [247.0], [349.0]]).expand(3, 200)
    told["loudness"] = told["fast_loudness"] = torch.tensor([[-30.0], [-20.0], [-12.0]]).expand(3, 200)
    with torch.no_grad():
        return torch.cat(several._levels(model, network, told), dim=-1) * 8.686


def test_one_network_learns_the_mean_of_what_several_play(module, monkeypatch):
    monkeypatch.setattr(several, "BEFORE", 10)
    monkeypatch.setattr(several, "MEAN_STEPS", 40)
    networks = [new_model(seed, module.crops).network for seed in range(3)]
    for network, louder in zip(networks, (0.0, 1.5, -1.0)):
        network.decoder.head.bias.data += louder
    played = torch.stack([levels_of(module.model, network) for network in networks])
    mean = played.mean(0)
    learnt = copy.deepcopy(networks[0])
    learnt.load_state_dict(several._mean(module, networks, lambda steps: None))
    off = (levels_of(module.model, learnt) - mean).abs().mean()
    assert off < 0.25 * min((levels - mean).abs().mean() for levels in played)


def test_other_networks_learn_from_other_crops_in_the_rooms_that_were_learnt(module, tmp_path, monkeypatch):
    monkeypatch.setattr(several, "MEAN_STEPS", 2)
    module.best = {name: 1.01 * value.detach() for name, value in module.model.named_parameters()}
    module.step, module.best_step = 20, 20
    made, done = [], []

    def another(settings):
        made.append((new_model(settings.seed, module.crops), settings))
        return made[-1][0]

    loss = several.learn_mean(module, another, 3, tmp_path, done.append)
    assert sum(done) == several.steps_in_all(20, 3) == 2 * 14 + 2
    assert [settings.seed for _, settings in made] == [1, 2]
    for number, (model, settings) in enumerate(made, start=2):
        before = new_model(settings.seed, module.crops).network.state_dict()
        after = load_checkpoint(tmp_path / f"network-{number}.ckpt")["weights"]
        assert not torch.equal(before["decoder.gru.weight_hh_l0"], after["decoder.gru.weight_hh_l0"])
        assert torch.equal(model.rooms.taps, 1.01 * new_model(0, module.crops).rooms.taps)
    assert module.best_loss == loss  # there was none before

    several.learn_mean(module, another, 3, tmp_path, done.append)
    assert len(made) == 2 and sum(done) == 2 * 30  # those of before are taken
    module.settings = replace(QUICK, networks=4)
    several.learn_mean(module, another, 3, tmp_path)
    assert len(made) == 2  # however many there shall be
    module.settings = replace(QUICK, batch=4)
    several.learn_mean(module, another, 2, tmp_path)
    assert len(made) == 3  # of another run, they are not


def test_a_mean_that_is_further_from_what_is_held_out_is_not_taken(module, tmp_path, monkeypatch):
    monkeypatch.setattr(several, "MEAN_STEPS", 1)
    module.best = {name: value.detach().clone() for name, value in module.model.named_parameters()}
    module.step, module.best_loss = 3, 1e-3
    best = dict(module.best)
    loss = several.learn_mean(module, lambda settings: new_model(1, module.crops), 2, tmp_path)
    assert loss > module.best_loss == 1e-3
    assert module.best.keys() == best.keys() and all(module.best[name] is best[name] for name in best)


def test_training_says_what_the_mean_of_networks_gained(tmp_path, monkeypatch):
    monkeypatch.setattr(several, "MEAN_STEPS", 5)
    data = write_data(tmp_path / "data.safetensors", [tone(2600, 220.0), tone(800, 330.0, 1)])
    output = tmp_path / "tone.ddsp"
    _, lines = quick(data, output, steps=6, networks=3)
    (line,) = [line for line in lines if line.startswith("The mean of 3 networks")]
    mean, alone = map(float, re.findall(r"\d+\.\d{3}", line))
    assert load_instrument(output)[0]["training"]["held_out_loss"] == pytest.approx(min(mean, alone), abs=1e-3)
    others = sorted((tmp_path / "tone.training").glob("network-*.ckpt"))
    assert [path.name for path in others] == ["network-2.ckpt", "network-3.ckpt"]
    written = [path.stat().st_mtime_ns for path in others]
    _, lines = quick(data, output, resume=True, settings=None)
    assert line in lines and [path.stat().st_mtime_ns for path in others] == written
    quick(data, output, steps=3, force=True)
    assert not any(path.exists() for path in others)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"networks": 0}, "--networks 0: give 1 or more"),
        ({"networks": 2, "z": True}, "--networks with --z"),
        ({"networks": 2, "base": "violin"}, "--networks with --from"),
    ],
)
def test_what_several_networks_cannot_be(options, said, tmp_path):
    with pytest.raises(UsageError, match=said):
        train(tmp_path, tmp_path / "a.ddsp", **options)
