"""Training: crops and loss, learning and resuming on a few seconds of synthetic tones."""

import gc
import math
import multiprocessing
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from conftest import fluttering, shorten_ends

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from ddsp_rt.architecture import Architecture, DecoderSpec
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.synthesis.reverb import Reverb
from ddsp_rt.training import fast_layers, shared_room, tensorboard_callback, train, trained_life
from ddsp_rt.training.assessment import Assessment, assess
from ddsp_rt.training.crops import Crops, TrainingBatches, augment
from ddsp_rt.training.data_file import FORMAT_VERSION, PreparedData, write_tensors
from ddsp_rt.training.data_warnings import data_warnings
from ddsp_rt.training.export import room_length
from ddsp_rt.training.fast_layers import use_fast_layers
from ddsp_rt.training.loss import mss, training_loss
from ddsp_rt.training.model import TrainingModel
from ddsp_rt.training.module import TrainingModule
from ddsp_rt.training.rooms import Rooms, reverberation_time
from ddsp_rt.training.run_folder import RunFolder
from ddsp_rt.training.settings import Settings
from ddsp_rt.training.shared_room import learn_shared_room
from ddsp_rt.training.statistics import Statistics
from ddsp_rt.training.verdict import verdict

pytestmark = pytest.mark.usefixtures("short_ends")
SPECTROGRAMS, DECAYS = tensorboard_callback.spectrograms, tensorboard_callback.decays  # before the ends are shortened
CROPS = trained_life.CROPS

RATE = 16_000
TINY = DecoderSpec(hidden=8, layers=1, gru=16, out_hidden=16, out_layers=1, harmonics=8, noise_bands=9)
QUICK = Settings(
    batch=2, scored=125, preroll=25, interval=3, room_seconds=0.1, learning_rate=2e-2, inner_rate=0.5, warm_up=5
)


def tone(frames, f0, seed=0):
    """A harmonic tone with a slow swell, and its features: what `prepare` would write of it."""
    return {name: values.copy() for name, values in made_tone(frames, f0, seed).items()}


@cache
def made_tone(frames, f0, seed):
    random = np.random.default_rng(seed)
    time = np.arange(frames * 64) / RATE
    level = 0.2 * (1.2 + np.sin(2 * np.pi * 0.7 * time + seed))
    audio = sum(level / h * np.sin(2 * np.pi * h * f0 * time) for h in range(1, 6))
    audio += 1e-3 * random.standard_normal(len(time))
    loudness = 20 * np.log10(level[::64]) - 3
    return {
        "audio": audio.astype(np.float32),
        "f0": np.full(frames, f0, np.float32),
        "periodicity": np.full(frames, 0.95, np.float32),
        "loudness": loudness.astype(np.float32),
        "fast_loudness": (loudness + 0.5).astype(np.float32),
        "balance": (0.5 * loudness - 10).astype(np.float32),
        "mfcc": random.standard_normal((frames, 30)).astype(np.float16),
        "usable": np.ones(frames, np.uint8),
    }


def write_data(path, recordings, rooms=None, rate=RATE):
    statistics = Statistics()
    tables, tensors = [], {}
    for index, recording in enumerate(recordings):
        statistics.add(recording)
        seconds = len(recording["f0"]) / 250
        room = rooms[index] if rooms else "hall"
        tables.append({"name": f"{index}.wav", "room": room, "seconds": seconds, "usable_seconds": seconds})
        tensors |= {f"{index}/{name}": value for name, value in recording.items()}
    table = {
        "format_version": FORMAT_VERSION,
        "model_rate": rate,
        "frame_rate": 250,
        "analyser": {"version": 2, "f0_low": 40, "f0_high": 3000},
        "recordings": tables,
        **statistics.table([-80.0]),
    }
    write_tensors(Path(path), table, tensors)
    return Path(path)


@pytest.fixture(scope="session")
def written_data(tmp_path_factory):
    recordings = [tone(5200, 220.0), tone(800, 330.0, 1)]
    return write_data(tmp_path_factory.mktemp("data") / "data.safetensors", recordings, ["hall", "booth"])


@pytest.fixture
def data(written_data, tmp_path):
    return Path(shutil.copy(written_data, tmp_path))


def quick(data, output, **options):
    lines = []
    settings = options.pop("settings", QUICK)
    options = {"device": "cpu"} | options
    result = train(data, output, settings=settings, decoder=TINY, report=lines.append, **options)
    return result, lines


# ---- loss


def test_equal_signals_have_no_loss_and_louder_ones_more():
    signal = torch.randn(2, 8000, generator=torch.Generator().manual_seed(1))
    assert mss(signal, signal) == 0
    assert mss(1.1 * signal, signal) < mss(1.5 * signal, signal)


@pytest.mark.parametrize("overlap", [2, 4])
def test_loss_and_its_gradient_are_those_of_the_definition(overlap):
    generator = torch.Generator().manual_seed(2)
    output, target = torch.randn(2, 2, 6000, generator=generator)
    output.requires_grad_()
    expected = 0.0
    for size in (2048, 1024, 512, 256, 128, 64):

        def stft(x, size=size):
            return torch.stft(
                x, size, size // overlap, window=torch.hann_window(size), center=False, return_complex=True
            )

        a, b = (stft(x).abs() / math.sqrt(size) for x in (output, target))
        expected = expected + (a - b).abs().mean() + ((a + 1e-7).log() - (b + 1e-7).log()).abs().mean()
    (wanted,) = torch.autograd.grad(expected, output)
    loss = mss(output, target, overlap)
    (gradient,) = torch.autograd.grad(loss, output)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert (gradient - wanted).abs().max() < 1e-3 * wanted.abs().max()


def test_what_lies_below_8_khz_counts_alike_at_both_rates_and_what_lies_above_counts_less():
    def heard(rate, *tones):
        time = torch.arange(rate) / rate
        hiss = 1e-3 * sum(torch.sin(2 * torch.pi * (80 * k + 13) * time + k * k) for k in range(1, rate // 165))
        return (hiss + sum(0.1 * torch.sin(2 * torch.pi * hz * time) for hz in tones))[None]

    def loss(rate, *tones):
        return mss(heard(rate, *tones), heard(rate, 500.0), rate=rate).item()

    assert loss(48000, 500.0, 2000.0) == pytest.approx(loss(16000, 500.0, 2000.0), rel=0.15)
    assert 0 < loss(48000, 500.0, 20_000.0) < 0.75 * loss(48000, 500.0, 2000.0)


def test_muon_turns_the_matrices_between_layers(data):
    crops = Crops(PreparedData(data), QUICK.scored, QUICK.preroll)
    adam, muon = TrainingModule(TrainingModel(Architecture(TINY), RATE, None), crops, QUICK).configure_optimizers()
    turned = [tuple(p.shape) for group in muon.param_groups for p in group["params"]]
    assert sorted(turned) == [(16, 40), (48, 16), (48, 24)]  # of the output layer and the GRU
    learnt = sum(p.numel() for o in (adam, muon) for group in o.param_groups for p in group["params"])
    assert learnt == sum(p.numel() for p in TrainingModel(Architecture(TINY), RATE, None).parameters())


@pytest.mark.parametrize("rate", [16000, 48000])
def test_a_difference_in_loudness_adds_its_decibels_times_their_weight(rate):
    time = torch.arange(8000) / rate
    target = 1e-2 * torch.stack([torch.sin(2 * torch.pi * 997 * time), 0.5 * torch.sin(2 * torch.pi * 3000 * time)])

    def added(output):
        return training_loss(output, target, rate, 2, None, 0.5) - mss(output, target, 2, rate=rate)

    assert added(target) == 0
    assert added(2.0 * target).item() == pytest.approx(0.5 * 6.0206, abs=1e-3)
    at_60_db = torch.sin(2 * torch.pi * 997 * time)[None] * 10 ** (-60.0 / 20)
    for gain, judged in ((0.97, False), (1.03, True)):
        both = (2.0 * gain * at_60_db, gain * at_60_db)
        assert (training_loss(*both, rate, 2, None, 0.5) > 2.5 + mss(*both, 2, rate=rate)) == judged

    output = (1.5 * target).requires_grad_()
    training_loss(output, target, rate, 2, None, 100.0).backward()
    step = 1e-3 * output.detach()
    change = training_loss(output + step, target, rate, 2, None, 100.0) - training_loss(
        output - step, target, rate, 2, None, 100.0
    )
    assert change.item() / 2 == pytest.approx((output.grad * step).sum().item(), rel=1e-2)


def test_a_difference_above_8_khz_adds_its_decibels_in_third_octaves_times_their_weight():
    rate, time = 48000, torch.arange(24000) / 48000
    low = 1e-2 * torch.sin(2 * torch.pi * 997 * time)
    partials = [torch.sin(2 * torch.pi * frequency * time) for frequency in (9000, 11300, 14200)]

    def sound(*gains):
        return (low + sum(1e-3 * gain * partial for gain, partial in zip(gains, partials)))[None]

    def added(output, target):
        both = output, target, rate, 2, None
        return (training_loss(*both, 0.0, 0.6) - training_loss(*both, 0.0)).item()

    target = sound(1.0, 1.0, 1.0)
    assert added(target, target) == 0
    assert added(sound(2.0, 1.0, 1.0), target) == pytest.approx(0.6 / 3 * 6.0206, abs=1e-2)
    assert added(sound(2.0, 1.0, 0.5), target) == pytest.approx(0.6 / 3 * 2 * 6.0206, abs=1e-2)
    floor = sound(1e-3, 1.0, 1.0)  # a band at -120 dB
    assert added(sound(2.0, 1.0, 1.0), floor) < 1e-2
    faint = 1e-2 * target  # at -80 dB (A) all is faint
    assert added(2.0 * faint, faint) == 0
    at_16_khz = target[:, ::3], (2.0 * target)[:, ::3], 16000, 2, None
    assert training_loss(*at_16_khz, 0.0, 0.6) == training_loss(*at_16_khz, 0.0)

    output = sound(1.5, 0.7, 1.2).requires_grad_()
    training_loss(output, target, rate, 2, None, 0.0, 1000.0).backward()
    step = 1e-3 * sound(0.5, 1.0, 0.25)
    ahead, behind = (
        training_loss(output.detach() + side * step, target, rate, 2, None, 0.0, 1000.0) for side in (1, -1)
    )
    assert (ahead - behind).item() / 2 == pytest.approx((output.grad * step).sum().item(), rel=1e-2)


def test_what_is_not_usable_does_not_count():
    generator = torch.Generator().manual_seed(3)
    target = torch.randn(1, 16000, generator=generator)
    output = target.clone()
    output[:, 8000:] += 1.0
    usable = torch.ones(1, 250, dtype=torch.bool)
    usable[:, 125:] = False
    assert mss(output, target) > 0.1
    assert mss(output, target, usable=usable) == 0


@pytest.mark.parametrize("with_usable", [False, True])
def test_the_loss_takes_any_device_and_waits_for_none(with_usable):
    """On `meta` nothing can be asked of a value, and what is made on the CPU does not mix."""
    output = torch.zeros(2, 8000, device="meta", requires_grad=True)
    target = torch.zeros(2, 8000, device="meta")
    usable = torch.ones(2, 125, dtype=torch.bool, device="meta") if with_usable else None
    for loss in (
        mss(output, target, usable=usable),
        training_loss(output, target, RATE, 2, usable, 0.2),
        training_loss(output, target, 48000, 2, usable, 0.2, 0.6),
    ):
        assert loss.device.type == "meta" and loss.shape == ()
        (gradient,) = torch.autograd.grad(loss, output)
        assert gradient.device.type == "meta" and gradient.shape == output.shape


def test_rooms_and_network_take_any_device():
    model = TrainingModel(Architecture(TINY), RATE, Rooms(["a", "b"], 700, [400.0, 900.0])).to("meta")
    f0, audio = torch.zeros(2, 30, device="meta"), torch.zeros(2, 30 * 64, device="meta")
    amplitude, _, noise, _ = model.network.decoder(f0, f0, f0)
    hiss, _ = model.synthesizer.filtered_noise(noise, torch.zeros(2, 30, 128, device="meta"))
    room = torch.zeros(2, dtype=torch.int64, device="meta")
    assert model.rooms(audio + hiss, room, 640).shape == (2, 20 * 64) and amplitude.device.type == "meta"
    assert model.rooms.penalty().device.type == "meta"


# ---- crops


def test_a_batch_depends_on_seed_and_step_alone(data):
    crops = Crops(PreparedData(data), 250, 250)
    settings = replace(QUICK, seed=5, batch=4)
    one, other = (
        TrainingBatches(crops, settings, 0, 10),
        TrainingBatches(Crops(PreparedData(data), 250, 250), settings, 7, 10),
    )
    other[2], one[0]
    assert all(torch.equal(a, b) for a, b in zip(one[7].values(), other[0].values()))
    assert not torch.equal(one[7]["audio"], one[8]["audio"])
    assert not torch.equal(one[7]["audio"], TrainingBatches(crops, replace(settings, seed=6), 0, 10)[7]["audio"])


def test_batches_made_in_other_processes_are_the_same(data):
    steps = TrainingBatches(Crops(PreparedData(data), 250, 250), QUICK, 0, 4)
    here, there = (torch.utils.data.DataLoader(steps, batch_size=None, num_workers=count) for count in (0, 2))
    for one, other in zip(here, there, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_processes_share_the_batch_of_one(data):
    crops = Crops(PreparedData(data), 250, 250)
    settings = replace(QUICK, seed=1, batch=4)
    whole = TrainingBatches(crops, settings, 0, 4)[3]
    halves = [TrainingBatches(crops, settings, 0, 4, rank, 2)[3] for rank in range(2)]
    for name, rows in whole.items():
        assert torch.equal(rows[0::2], halves[0][name]) and torch.equal(rows[1::2], halves[1][name]), name


def test_a_louder_crop_is_louder_in_every_feature():
    from ddsp_rt import _engine

    time = np.arange(16_000) / 16_000
    audio = (0.1 * np.sin(2 * np.pi * 300 * time) + 0.05 * np.sin(2 * np.pi * 2700 * time)).astype(np.float32)
    soft, loud = (_engine.analyse(gain * audio, 16_000, mfcc=True) for gain in (1.0, 10 ** (3 / 20)))
    names = ("loudness", "fast_loudness", "balance", "mfcc")
    batch = {name: torch.from_numpy(np.array(soft[name][None, 125:])) for name in names} | {"audio": torch.ones(1, 4)}
    batch["loudness"][0, 0] = -100.0
    varied = augment(batch, torch.tensor([3.0]), torch.tensor([0.0]))
    assert varied["audio"][0, 0] == pytest.approx(10 ** (3 / 20)) and varied["loudness"][0, 0] == -100.0
    for name in names:
        assert np.allclose(varied[name][0, 1:], loud[name][126:], atol=2e-3), name


def test_the_network_may_be_told_another_pitch_than_sounds(data):
    crops = Crops(PreparedData(data), 250, 250)
    model = TrainingModel(Architecture(TINY), 16_000, None)
    batch = crops.batch([(0, 500)])
    noise = torch.zeros(1, 500, model.synthesizer.filtered_noise.size)

    def told(octaves):
        return model(batch | {"detune": torch.tensor([octaves])}, noise, 250).detach()[0]

    assert torch.equal(told(0.0), model(batch, noise, 250).detach()[0])
    assert not torch.equal(told(0.0), told(1.0))
    tones = [np.abs(np.fft.rfft(audio.numpy() * np.hanning(len(audio)))).argmax() for audio in (told(0.0), told(1.0))]
    assert abs(tones[0] - tones[1]) <= 1


def test_told_of_a_lapse_the_network_answers_but_what_sounds_stays_a_tone(data):
    crops = Crops(PreparedData(data), 250, 250)
    model = TrainingModel(Architecture(TINY), 16_000, None)
    batch = crops.batch([(0, 500)])
    lapsed = batch["periodicity"].clone()
    lapsed[:, 300:303] = 0.0

    def controls(**more):
        return [value.detach() for value in model.controls(batch | more, slice(None))[0]]

    as_heard, told = controls(), controls(told_periodicity=lapsed)
    assert all(torch.equal(a, b) for a, b in zip(as_heard, controls(told_periodicity=batch["periodicity"])))
    assert not torch.equal(as_heard[2][:, 300:], told[2][:, 300:]) and torch.equal(
        as_heard[2][:, :300], told[2][:, :300]
    )
    heard_so = TrainingModel.controls(model, batch | {"periodicity": lapsed}, slice(None))[0][1]
    assert told[1][0, 302] > 0.5 * as_heard[1][0, 302] > heard_so[0, 302]  # three such frames are noise to the breath


def test_audio_and_features_of_a_crop_belong_together(tmp_path):
    recording = tone(3000, 220.0)
    recording["loudness"] = np.arange(3000, dtype=np.float32)
    recording["audio"] = np.repeat(np.arange(3000), 64).astype(np.float32)
    crops = Crops(PreparedData(write_data(tmp_path / "d.safetensors", [recording])), 250, 125)
    batch = crops.batch([(0, 1000), (0, 50)])
    assert torch.equal(batch["loudness"][0, 125:].repeat_interleave(64), batch["audio"][0])
    assert batch["loudness"][1, 74] == -100 and batch["loudness"][1, 75] == 0  # silence before the recording


def test_what_is_held_out_is_spread_over_the_recordings_and_never_trained_on(tmp_path):
    recordings = [tone(frames, 220.0) for frames in (45_000, 30_000, 2500)]
    crops = Crops(PreparedData(write_data(tmp_path / "d.safetensors", recordings)), 1000, 250)
    seconds = len(crops.windows) * 4
    assert 28 <= seconds <= 36 and not crops.validates_on_training
    for index in (0, 1):
        starts = [start for i, start in crops.windows if i == index]
        assert starts[0] < len(recordings[index]["f0"]) / 2 < starts[-1]
    scored = np.zeros((3, 45_000), bool)
    for index, start in (place for step in range(600) for place in crops.positions(0, step, 8)):
        scored[index, start : start + 1000] = True
    for index, start in crops.windows:
        assert not scored[index, start : start + 1000].any()
        scored[index, start : start + 1000] = True
    for index, recording in enumerate(recordings):
        assert scored[index, : len(recording["f0"])].mean() > 0.99  # all the rest is trained on


def test_of_many_notes_some_are_held_out_whole(tmp_path):
    data = write_data(tmp_path / "d.safetensors", [tone(1500, 200.0 + i) for i in range(60)])
    crops = Crops(PreparedData(data), 1000, 250)
    held = {index for index, _ in crops.windows}
    assert 4 <= len(held) <= 8 and min(held) < 15 and max(held) > 45
    assert not held & {index for step in range(300) for index, _ in crops.positions(0, step, 8)}


def test_the_held_out_part_of_a_take_that_ends_in_silence_holds_sound(tmp_path):
    recording = tone(7500, 220.0)
    recording["usable"][6000:] = 0
    crops = Crops(PreparedData(write_data(tmp_path / "d.safetensors", [recording])), 1000, 250)
    assert crops.windows and max(start for _, start in crops.windows) + 500 <= 6000
    recording["usable"][:] = np.arange(7500) % 10 < 6  # never long enough in one piece for the longest transform
    with pytest.raises(DataError, match="nothing to score"):
        Crops(PreparedData(write_data(tmp_path / "e.safetensors", [recording])), 1000, 250)
    recording["usable"][:] = 0
    with pytest.raises(DataError, match="nothing to learn from"):
        Crops(PreparedData(write_data(tmp_path / "f.safetensors", [recording])), 1000, 250)


# ---- warnings


def recorded(tmp_path, audio, rate=RATE):
    """Prepared from samples, as `train` would."""
    import soundfile

    folder = tmp_path / "recordings"
    folder.mkdir()
    soundfile.write(folder / "take.wav", audio, rate)
    from ddsp_rt.training import prepare

    prepare(folder, tmp_path / "data.safetensors", workers=1, report=lambda line: None)
    return PreparedData(tmp_path / "data.safetensors")


def test_noise_and_percussion_are_warned_about(tmp_path):
    random = np.random.default_rng(0)
    for name, envelope in (
        ("noise or speech", np.ones(20 * RATE)),
        ("percussion", np.tile(np.exp(-np.arange(RATE // 2) / 800), 40)),
    ):
        (tmp_path / name).mkdir()
        data = recorded(tmp_path / name, 0.2 * envelope * random.standard_normal(len(envelope)))
        lines = data_warnings(data, 200.0)
        assert len(lines) == 1 and name in lines[0]
    assert "Only 20 s can be learnt from" in data_warnings(data, 20.0)[0]


def notes(pitches, seconds=2.0, level=0.2):
    """Notes of twelve falling harmonics, as far as they are below 7 kHz, with soft ends."""
    time = np.arange(round(seconds * RATE)) / RATE
    envelope = level * np.minimum(1, np.minimum(time, seconds - time) / 0.05)
    tones = [sum(np.sin(2 * np.pi * h * f * time) / h for h in range(1, 13) if h * f < 7000) for f in pitches]
    return np.concatenate([envelope * tone for tone in tones])


def test_pitch_outside_the_range_is_warned_about_and_an_ordinary_one_is_not(tmp_path):
    for name, pitches, warned in (
        ("ordinary", [82.4, 220, 440, 880, 1320, 1760], False),
        ("piccolo", [2637, 2794, 3136, 3520], True),
        ("bass", [30.9, 32.7, 34.6, 36.7], True),
    ):
        (tmp_path / name).mkdir()
        lines = data_warnings(recorded(tmp_path / name, notes(pitches)), 200.0)
        assert bool([line for line in lines if "outside the range" in line]) == warned, (name, lines)


def test_a_damaged_data_set_is_named(tmp_path, data):
    (tmp_path / "cut.safetensors").write_bytes(data.read_bytes()[:5000])
    with pytest.raises(DataError, match="cut.safetensors"):
        PreparedData(tmp_path / "cut.safetensors")
    (tmp_path / "no.safetensors").write_bytes(b"RIFF" * 100)
    with pytest.raises(DataError, match="not a prepared data set"):
        PreparedData(tmp_path / "no.safetensors")


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_a_data_set_closes_its_files_when_it_goes(data):
    def opened():
        return [link for fd in os.listdir("/proc/self/fd") if (link := _target(fd)) == os.path.realpath(data)]

    prepared = PreparedData(data)
    other = pickle.loads(pickle.dumps(prepared))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(PreparedData.read, [prepared] * 8, [0] * 8, ["f0"] * 8))
    assert np.array_equal(prepared.read(0, "f0"), other.read(0, "f0"))
    assert len(opened()) == 2
    del prepared, other
    gc.collect()
    assert not opened()


def _target(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""


# ---- what learns


@pytest.mark.parametrize(("hidden", "dtype"), [(5, torch.double), (64, torch.float32), (256, torch.float32)])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_fast_gru_is_torchs(hidden, dtype, threads, monkeypatch):
    """Outputs and every gradient, in the two forms: in C++ (64 and 256) and in tensor operations."""
    monkeypatch.setattr(fast_layers, "has_fast_bfloat16", lambda: False)
    torch.manual_seed(0)
    ours = torch.nn.Sequential(torch.nn.GRU(7, hidden, batch_first=True)).to(dtype)
    theirs = torch.nn.GRU(7, hidden, batch_first=True).to(dtype)
    theirs.load_state_dict(ours[0].state_dict())
    use_fast_layers(ours)
    inputs = 3 * torch.randn(11, 20, 7, dtype=dtype)
    state = torch.randn(1, 11, hidden, dtype=dtype)
    assert fast_layers.runs_natively(inputs, hidden) == (hidden != 5)
    results, usual = [], torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        for gru in (ours[0], theirs):
            x, h = inputs.clone().requires_grad_(), state.clone().requires_grad_()
            out, last = gru(x, h)
            (out.square().sum() + last.pow(3).sum()).backward()
            results.append([out, last, x.grad, h.grad, *(p.grad for p in gru.parameters())])
    finally:
        torch.set_num_threads(usual)
    precision = 1e-10 if dtype == torch.double else 2e-5
    for a, b in zip(*results):
        assert (a - b).detach().abs().max() < precision * max(1.0, float(b.detach().abs().max()))


def test_rooms_are_the_twins_reverb():
    generator = torch.Generator().manual_seed(4)
    audio = torch.randn(3, 1000, generator=generator)
    rooms = Rooms(["a", "b"], 700, [400.0, 900.0])
    with torch.no_grad():
        rooms.taps.copy_(torch.randn(2, 700, generator=generator))
    index = torch.tensor([1, 0, 1])
    expected = Reverb(700)(audio, impulse_response=rooms.responses()[index])[0][:, 300:]
    assert torch.allclose(rooms(audio, index, 300), expected, atol=1e-4)


def test_rooms_can_start_as_another_instruments():
    rooms = Rooms(["a", "b"], 700, [400.0, 900.0])
    response = 0.1 * torch.randn(900, generator=torch.Generator().manual_seed(5))
    rooms.start_from(response)
    heard = int(400 * 40 / 60) - 1
    assert torch.allclose(rooms.responses()[0, 1:heard], response[1:heard], atol=1e-6)
    assert rooms.responses()[0, heard + 10 :].abs().max() < 1e-4


def test_folders_that_share_a_room_get_one_in_which_most_of_them_sounds_right(tmp_path, monkeypatch):
    """Half a period later the hall answers with half a tone, the booth with half a tone upside down."""
    monkeypatch.setattr(shared_room, "RATE", 1e-2)
    torch.manual_seed(0)
    model = TrainingModel(Architecture(TINY), RATE, None)
    recordings = [tone(2000, 220.0), tone(2000, 220.0), tone(600, 220.0)]
    for recording, echo in zip(recordings, (0.5, 0.5, -0.5)):
        heard = [torch.from_numpy(recording[name])[None] for name in ("f0", "periodicity", "loudness")]
        noise = model.synthesizer.filtered_noise.draw(*heard[0].shape, torch.Generator().manual_seed(0))
        with torch.no_grad():
            dry, _ = model.synthesizer(heard[0], *model.network.decoder(*heard)[:3], noise)
        recording["audio"] = (dry + echo * torch.nn.functional.pad(dry, [36, 0])[:, :-36])[0].numpy()
    crops = Crops(
        PreparedData(write_data(tmp_path / "data.safetensors", recordings, ["hall", "hall", "booth"])), 125, 25
    )
    model.rooms = Rooms(crops.rooms, 200, [200.0, 200.0])
    module = TrainingModule(model, crops, QUICK)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    learnt = {room: learn_shared_room(module, room, steps=80) for room in ("hall,hall", "hall,booth", "booth,booth")}
    wave = torch.exp(-2j * torch.pi * 220.0 / RATE * torch.arange(200))
    gain = {room: float((1.0 + (response * wave[: len(response)]).sum()).abs()) for room, response in learnt.items()}
    assert gain["hall,hall"] < 0.8 and gain["hall,booth"] < 0.8 and gain["booth,booth"] > 1.2
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(response[0] == 0.0 for response in learnt.values())
    model.rooms = Rooms(crops.rooms, 200, [200.0, 100.0])
    assert room_length(module, "hall,booth") == room_length(module, "booth") > room_length(module, "hall")
    model.rooms = None
    assert room_length(module, "hall,booth") == 0


def test_an_instrument_can_have_one_room_for_several_folders(tmp_path, data, monkeypatch):
    monkeypatch.setattr(shared_room, "RATE", 1e-2)
    monkeypatch.setattr("ddsp_rt.training.trainer.SHARED_STEPS", 5)
    output = tmp_path / "tone.ddsp"
    own, _ = quick(data, output, steps=3, room="booth, hall")
    metadata, tensors = load_instrument(output)
    assert metadata["training"]["room"] == own["room"] == "booth,hall"
    quick(data, output, steps=3, room="hall", force=True)
    hall = load_instrument(output)[1]["reverb.impulse_response"]
    assert tensors["reverb.impulse_response"].shape == hall.shape
    assert np.abs(tensors["reverb.impulse_response"].astype(float) - hall).max() > 1e-3
    with pytest.raises(DataError, match="no room 'hall,cellar'"):
        quick(data, output, steps=3, room="hall,cellar", force=True)


def test_a_preroll_is_as_good_as_having_played_from_the_start(data):
    """The crop sounds as if network and synthesizer had run through what came before; only its gradient stops there."""
    crops = Crops(PreparedData(data), 100, 50)
    model = TrainingModel(Architecture(TINY), RATE, None)
    batch = crops.batch([(0, 500)])
    noise = model.synthesizer.filtered_noise.draw(1, 150, torch.Generator().manual_seed(0))
    crop = model(batch, noise, 50)
    controls = model.network.decoder(batch["f0"], batch["periodicity"], batch["loudness"])[:3]
    whole, _ = model.synthesizer(batch["f0"], *controls, noise)
    assert crop.requires_grad and (crop - whole[:, 50 * 64 :]).abs().max() < 1e-6


def test_training_lowers_the_held_out_loss_and_writes_an_instrument(tmp_path, data):
    output = tmp_path / "tone.ddsp"
    first, _ = quick(data, tmp_path / "first.ddsp", steps=3)
    seldom = replace(QUICK, interval=20)
    result, lines = quick(
        data, output, settings=seldom, steps=20, name="tone", licence="CC0", attribution="nobody", room="booth"
    )
    assert result["held_out_loss"] < 0.8 * first["held_out_loss"]
    assert result["steps"] == 20 and any("20 steps" in line for line in lines)
    metadata, tensors = load_instrument(output)
    assert metadata["name"] == "tone" and metadata["licence"] == "CC0" and metadata["attribution"] == ["nobody"]
    assert metadata["training"]["room"] == "booth" and metadata["quantiles"]["pitch_midi"][4] == pytest.approx(
        57, abs=0.1
    )
    assert tensors["reverb.impulse_response"].shape == (1600,) and tensors["reverb.impulse_response"][0] == 0


def test_a_dry_instrument_has_no_reverb(tmp_path, data):
    quick(data, tmp_path / "dry.ddsp", steps=1, room="dry")
    metadata, tensors = load_instrument(tmp_path / "dry.ddsp")
    assert metadata["architecture"]["reverb"] is None and "reverb.impulse_response" not in tensors


def last_checkpoint(output):
    return torch.load(output.with_suffix(".training") / "last.ckpt", weights_only=True)


def equal_states(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(
            equal_states(a[key], b[key]) for key in a if key not in ("seconds", "settings")
        )
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal_states, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def forked(task):
    """Run `task` in a process of its own, which need not load PyTorch again; its exit code, negative for a signal."""

    def alone():
        torch.set_num_threads(1)  # the threads that there were have not come along
        task()

    process = multiprocessing.get_context("fork").Process(target=alone)
    process.start()
    process.join(180)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode


def test_resuming_after_a_kill_gives_the_unbroken_run_bit_for_bit(tmp_path, data):
    update = TrainingModule._update_average

    def stop(module):
        update(module)
        if module.step == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    def broken():
        TrainingModule._update_average = stop
        quick(data, tmp_path / "broken.ddsp", steps=9)

    assert forked(broken) == -signal.SIGKILL
    assert last_checkpoint(tmp_path / "broken.ddsp")["step"] == 3
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        quick(data, tmp_path / "broken.ddsp", steps=9, resume=True)
        quick(data, tmp_path / "whole.ddsp", steps=9)
    finally:
        torch.set_num_threads(threads)
    broken, whole = (last_checkpoint(tmp_path / name) for name in ("broken.ddsp", "whole.ddsp"))
    assert whole["step"] == 9 and equal_states(broken, whole)
    assert load_instrument(tmp_path / "broken.ddsp")[1].keys()
    for name, tensor in load_instrument(tmp_path / "whole.ddsp")[1].items():
        assert np.array_equal(tensor, load_instrument(tmp_path / "broken.ddsp")[1][name])


def test_a_loss_that_is_no_number_ends_in_one_line_and_keeps_the_checkpoint(tmp_path):
    bad = tone(5200, 220.0)
    bad["audio"][: 3000 * 64] = np.nan
    data = write_data(tmp_path / "bad.safetensors", [tone(5200, 220.0), bad])
    with pytest.raises(DataError, match="not a number at step"):
        quick(data, tmp_path / "bad.ddsp", steps=60, seed=3)
    good = tmp_path / "good.ddsp"
    quick(write_data(tmp_path / "good.safetensors", [tone(5200, 220.0)]), good, steps=3)
    assert last_checkpoint(good)["step"] == 3


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path, data, monkeypatch):
    output = tmp_path / "full.ddsp"
    quick(data, output, steps=3)
    before = last_checkpoint(output)
    monkeypatch.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(DataError, match="No space left"):
        quick(data, output, steps=6, resume=True)
    monkeypatch.undo()
    assert equal_states(last_checkpoint(output), before)
    assert not list(tmp_path.rglob("*.part"))


def test_wrong_use_is_said_in_one_line(tmp_path, data):
    with pytest.raises(UsageError, match="ddsp"):
        quick(data, tmp_path / "x.wav", steps=1)
    with pytest.raises(DataError, match="no checkpoint"):
        quick(data, tmp_path / "x.ddsp", steps=1, resume=True)
    with pytest.raises(DataError, match="booth.*hall.*dry"):
        quick(data, tmp_path / "x.ddsp", steps=1, room="cellar")
    with pytest.raises(UsageError, match="cannot share"):
        quick(data, tmp_path / "x.ddsp", steps=2, devices=3)
    with pytest.raises(UsageError, match="prepared with 16000"):
        quick(data, tmp_path / "x.ddsp", steps=1, sample_rate=48_000)
    for name, value in (
        ("minutes", 0),
        ("minutes", math.nan),
        ("steps", -1),
        ("sample_rate", 44_100),
        ("device", "tpu"),
    ):
        with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} {value}: give"):
            quick(data, tmp_path / "x.ddsp", **{name: value})
    for name, most in (("name", 100), ("licence", 10_000)):  # before the work, not when the instrument is written
        with pytest.raises(UsageError, match=rf"--{name} x{{40}}\.\.\.: give .*{most} characters"):
            quick(data, tmp_path / "x.ddsp", steps=1, **{name: (most + 1) * "x"})
    assert not (tmp_path / "x.ddsp").exists() and not list(tmp_path.glob("x.training/*.ckpt"))


def test_an_instrument_or_a_run_is_replaced_with_force_only(tmp_path, data):
    output = tmp_path / "mine.ddsp"
    output.write_bytes(b"somebody's work")
    with pytest.raises(UsageError, match="mine.ddsp: exists already; --force"):
        quick(data, output, steps=1)
    assert output.read_bytes() == b"somebody's work"
    quick(data, output, steps=1, force=True)
    first = output.read_bytes(), last_checkpoint(output)
    with pytest.raises(UsageError, match="--resume goes on with it, --force replaces it"):
        quick(data, output, steps=1, seed=2)
    output.unlink()  # the run alone is somebody's work as well
    with pytest.raises(UsageError, match="--resume goes on with it, --force replaces it"):
        quick(data, output, steps=1, seed=2)
    with pytest.raises(UsageError, match="give one of them"):
        quick(data, output, steps=1, force=True, resume=True)
    assert equal_states(last_checkpoint(output), first[1])
    quick(data, output, steps=2, seed=2, force=True)
    assert output.read_bytes() != first[0] and last_checkpoint(output)["step"] == 2


def test_a_resumed_run_says_what_differs(tmp_path, data):
    output = tmp_path / "x.ddsp"
    quick(data, output, steps=1, seed=1)
    other = write_data(tmp_path / "other.safetensors", [tone(5200, 220.0), tone(900, 330.0, 1)], ["hall", "booth"])
    before = last_checkpoint(output)
    for differs, data_given, options in (
        ("--seed 2 .the run has 1", data, {"seed": 2}),
        ("--z .the run is without", data, {"z": True}),
        ("--from .*x.ddsp .the run started from nothing", data, {"base": output}),
        ("--hold-out 30", data, {"hold_out": 30.0}),
        ("other recordings .changed: 1.wav", other, {}),
        ("batch 4 .the run has 2", data, {"settings": replace(QUICK, batch=4)}),
        ("sizes of the network", data, {"decoder": replace(TINY, gru=24)}),
    ):
        options = {"settings": QUICK, "decoder": TINY} | options
        with pytest.raises(UsageError, match=differs):
            train(data_given, output, steps=2, resume=True, device="cpu", report=lambda line: None, **options)
    assert equal_states(last_checkpoint(output), before)
    _, lines = quick(data, output, steps=2, resume=True, room="booth", name="new", licence="CC0", attribution="nobody")
    assert "--room booth takes the place of the default" in lines
    quick(data, output, steps=3, resume=True)
    metadata, _ = load_instrument(output)
    assert [metadata[key] for key in ("name", "licence", "attribution")] == ["new", "CC0", ["nobody"]]
    assert metadata["training"]["room"] == "booth"


def test_the_second_run_with_an_output_is_told_until_the_first_has_ended_however(tmp_path, data):
    run = RunFolder(tmp_path / "x.ddsp")
    run.make()
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "import time; from pathlib import Path; from ddsp_rt.training.run_folder import RunFolder\n"
        f"with RunFolder(Path({str(run.output)!r})).claim(): print('claimed', flush=True); time.sleep(60)"
    )
    first = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert first.stdout.readline() == b"claimed\n"
        with pytest.raises(UsageError, match=f"another run trains it .process {first.pid}.*-o another name"):
            quick(data, run.output, steps=1)
    finally:
        first.kill()
        first.wait()
    # A killed run with the number that this process has now leaves the lock and half a checkpoint behind.
    (run.path / "lock").write_text(f"{os.getpid()}\n")
    (run.path / ".ddsp-rt-abcdefgh.part").write_bytes(b"half")
    quick(data, run.output, steps=1)
    assert last_checkpoint(run.output)["step"] == 1 and not list(tmp_path.rglob("*.part"))
    with run.claim(), pytest.raises(UsageError, match="another run in this process"):
        quick(data, run.output, steps=2, resume=True)


def test_a_run_that_is_refused_leaves_no_folder(tmp_path, data):
    (tmp_path / "text.wav").write_text("no sound here")
    for recordings, more, error, said in (
        (tmp_path / "text.wav", {}, DataError, "not audio"),
        (data, {"sample_rate": 48_000}, UsageError, "prepared with"),
        (data, {"from_notes": True}, UsageError, "not joined"),
        ([data, tmp_path / "text.wav"], {}, UsageError, "is a prepared data set"),
    ):
        with pytest.raises(error, match=said):
            quick(recordings, tmp_path / "x.ddsp", steps=1, **more)
        assert not (tmp_path / "x.training").exists()


def test_a_small_budget_is_called_a_trial_and_still_warms_up(tmp_path, data):
    _, lines = quick(data, tmp_path / "one.ddsp", steps=1)
    assert any(line.startswith("1 step is a trial") for line in lines)
    assert any(line.startswith("done after 1 step, ") for line in lines)
    _, lines = quick(data, tmp_path / "a.ddsp", steps=2)
    assert any(line.startswith("2 steps is a trial") for line in lines)
    _, lines = quick(data, tmp_path / "b.ddsp", minutes=0.01, base=tmp_path / "a.ddsp")
    assert not any("trial" in line for line in lines) and (tmp_path / "b.ddsp").exists()
    for settings in (Settings(steps=40), Settings(steps=2000), Settings()):
        steps = settings.steps or 2000
        rates = [settings.rate(step, settings.spent(step, 0.0)) for step in range(steps)]
        assert rates[0] < 0.05 * settings.learning_rate
        assert max(rates) > 0.95 * settings.learning_rate and rates.index(max(rates)) <= 100


def test_wrong_options_are_named_before_torch_is_loaded(tmp_path, data):
    (tmp_path / "there.ddsp").write_bytes(b"somebody's work")
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from ddsp_rt.training import train\nfrom ddsp_rt.errors import UserError\n"
        f"data, folder = {str(data)!r}, {str(tmp_path)!r} + '/'\n"
        "for output, more in (('x.wav', {}), ('there.ddsp', {}), ('x.ddsp', {'resume': True}), \n"
        "    ('x.ddsp', {'room': 'attic'}), ('x.ddsp', {'minutes': 0}), ('x.ddsp', {'base': 'nosuch'}),\n"
        "    ('x.ddsp', {'nonsense': 1})):\n"
        "    try: train(data, folder + output, **more)\n"
        "    except UserError as error: print(error)\n"
        "try: train(folder + 'nothing', folder + 'x.ddsp')\n"
        "except UserError as error: print(error)\n"
        "assert not any(name.split('.')[0] in ('torch', 'lightning') for name in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 8


def test_a_data_set_is_trained_on_without_the_compiled_part_and_without_what_reads_sound(tmp_path, data):
    """As on a machine that has a GPU and little else. What only the engine can measure is left out."""

    def bare():
        for name in [name for name in sys.modules if name.split(".")[0] in ("ddsp_rt", "soundfile", "soxr")]:
            del sys.modules[name]
        for name in ("ddsp_rt._engine", "ddsp_rt._training", "soundfile", "soxr"):
            sys.modules[name] = None
        shorten_ends(setattr)
        from ddsp_rt.training import train
        from ddsp_rt.training.settings import Settings

        settings = Settings(**{field.name: getattr(QUICK, field.name) for field in fields(QUICK)})
        train(data, tmp_path / "x.ddsp", settings=settings, steps=3, device="cpu", report=lambda line: None)

    assert forked(bare) == 0
    scores = load_instrument(tmp_path / "x.ddsp")[0]["scores"]
    assert "held_out_mss" in scores and "onset_ms" not in scores


def test_a_resumed_run_keeps_its_sizes_and_settings(tmp_path, data):
    output = tmp_path / "x.ddsp"
    quick(data, output, steps=3, seed=7, z=True, room="booth", settings=replace(QUICK, learning_rate=1e-3))
    result = train(data, output, steps=4, resume=True, device="cpu", report=lambda line: None)
    metadata, _ = load_instrument(output)
    assert result["steps"] == 4 and metadata["training"]["seed"] == 7
    assert metadata["training"]["learning_rate"] == 1e-3 and metadata["training"]["room"] == "booth"
    assert metadata["architecture"]["encoder"] and metadata["architecture"]["decoder"]["gru"] == TINY.gru


def test_an_open_ended_run_halves_its_steps_and_ends(tmp_path, data):
    settings = replace(QUICK, interval=1, patience=1, halvings=2, learning_rate=1.0, clip=1e3)
    result, _ = quick(data, tmp_path / "x.ddsp", settings=settings)
    assert result["steps"] < 100 and last_checkpoint(tmp_path / "x.ddsp")["halvings"] == 3


def test_a_model_of_48_khz_trains(tmp_path):
    recording = tone(5200, 220.0)
    recording["audio"] = np.repeat(recording["audio"], 3)
    data = write_data(tmp_path / "d.safetensors", [recording], rate=48_000)
    quick(data, tmp_path / "x.ddsp", steps=2)
    assert load_instrument(tmp_path / "x.ddsp")[0]["model_rate"] == 48_000


def test_starting_from_an_instrument_is_better_than_from_nothing(tmp_path, data):
    about = {"licence": "CC BY 4.0", "attribution": "A. Player"}
    quick(data, tmp_path / "base.ddsp", settings=replace(QUICK, interval=20), steps=20, **about)
    other = write_data(tmp_path / "other.safetensors", [tone(5200, 247.0, 4)], ["attic"])
    anew, _ = quick(other, tmp_path / "anew.ddsp", steps=5)
    tuned, _ = quick(other, tmp_path / "tuned.ddsp", steps=5, base=tmp_path / "base.ddsp")
    assert tuned["held_out_loss"] < anew["held_out_loss"]
    quick(other, tmp_path / "tuned.ddsp", steps=7, resume=True, attribution="B. Player")
    carried = load_instrument(tmp_path / "tuned.ddsp")[0]
    assert carried["attribution"] == ["B. Player", "A. Player"]
    assert "CC BY 4.0" in carried["licence"].split("; ")
    with pytest.raises(UsageError, match="use of z"):
        quick(other, tmp_path / "z.ddsp", steps=5, base=tmp_path / "base.ddsp", z=True)
    (tmp_path / "no.ddsp").write_bytes(b"no")
    with pytest.raises(DataError, match="no.ddsp"):
        quick(other, tmp_path / "x.ddsp", steps=5, base=tmp_path / "no.ddsp")


def test_minutes_are_spent_on_training_alone(tmp_path, data, monkeypatch):
    """Validation and export may take as long as they like."""
    from ddsp_rt.training import trainer

    export, slept = trainer.export_instrument, []
    pause = 0.2
    monkeypatch.setattr(
        trainer, "export_instrument", lambda *a, **k: (slept.append(time.sleep(pause)), export(*a, **k))[1]
    )
    start = time.monotonic()
    quick(data, tmp_path / "x.ddsp", steps=6)
    elapsed = time.monotonic() - start
    assert len(slept) >= 3 and last_checkpoint(tmp_path / "x.ddsp")["seconds"] < elapsed - pause * len(slept)


def test_z_trains_an_encoder(tmp_path, data):
    quick(data, tmp_path / "z.ddsp", steps=2, z=True)
    metadata, tensors = load_instrument(tmp_path / "z.ddsp")
    assert "z" in metadata["architecture"]["decoder"]["features"] and "encoder.gru.weight_hh_l0" in tensors


def test_room_times_come_from_the_falls_that_were_seen_longest():
    assert reverberation_time([]) == pytest.approx(1.0)
    assert reverberation_time([[0.4, 0.1], [0.4, 0.1], [1.5, 0.6], [1.6, 0.5]]) == pytest.approx(1.6)
    assert reverberation_time([[0.5, 0.15], [0.5, 0.14]]) == pytest.approx(1.0)  # too short to tell
    assert reverberation_time([[0.5, 0.4], [0.5, 0.3]]) == pytest.approx(0.5)


PROCESSES = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
import test_training as t
from ddsp_rt.training.module import TrainingModule
update = TrainingModule._update_average
def stop(self):
    update(self)
    if self._rank == 1 and self.step == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
TrainingModule._update_average = stop
t.torch.set_num_threads(1)
# Adam's first steps are as long for a gradient of rounding errors as for a real one; slow rooms keep them small.
settings = t.replace(t.QUICK, room_rate=0.1)
resume = "resume" in sys.argv
t.quick(Path(sys.argv[1]), Path(sys.argv[2]), steps=6, devices=int(sys.argv[3]), settings=settings, resume=resume)
"""


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_also_after_one_was_killed(tmp_path, data):
    script = tmp_path / "script.py"
    script.write_text(PROCESSES.format(path=[str(Path(__file__).parent), *sys.path]))

    def run(name, devices, killed_at=0, *more):
        command = [sys.executable, str(script), str(data), str(tmp_path / name), str(devices), str(killed_at), *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=180)

    for name, devices in (("one.ddsp", 1), ("two.ddsp", 2)):
        done = run(name, devices)
        assert done.returncode == 0, done.stderr
    assert run("killed.ddsp", 2, 5).returncode != 0
    assert last_checkpoint(tmp_path / "killed.ddsp")["step"] == 3
    done = run("killed.ddsp", 2, 0, "resume")
    assert done.returncode == 0, done.stderr

    one, *pairs = (last_checkpoint(tmp_path / name) for name in ("one.ddsp", "two.ddsp", "killed.ddsp"))
    for two in pairs:
        assert two["step"] == 6 and two["best_loss"] == pytest.approx(one["best_loss"], rel=1e-3)
        for name, weight in one["weights"].items():
            difference = (weight - two["weights"][name]).abs().mean()
            assert difference < 0.03 * weight.abs().mean() + 1e-4, name


def test_wide_layers_are_torchs_to_the_precision_of_their_operands():
    torch.manual_seed(0)
    layer = torch.nn.Linear(128, 96)
    inputs = torch.randn(50, 128, requires_grad=True)
    wanted = layer(inputs)
    expected = torch.autograd.grad(wanted.square().sum(), [inputs, *layer.parameters()])
    use_fast_layers(layer)
    out = layer(inputs)
    found = torch.autograd.grad(out.square().sum(), [inputs, *layer.parameters()])
    for a, b in zip((out, *found), (wanted, *expected)):
        assert (a - b).abs().max() < 0.02 * b.abs().max()


def test_the_log_holds_losses_sound_and_figures(tmp_path, data, monkeypatch):
    monkeypatch.setattr(tensorboard_callback, "spectrograms", SPECTROGRAMS)  # in the size that users see
    monkeypatch.setattr(tensorboard_callback, "decays", DECAYS)
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    quick(data, tmp_path / "x.ddsp", settings=replace(QUICK, interval=12), steps=12)
    log = events.EventAccumulator(str(tmp_path / "x.training" / "log"))
    log.Reload()
    assert {"loss/validation", "loss/training", "learning rate"} <= set(log.Tags()["scalars"])
    assert {"held out/rendered", "held out/recorded"} <= set(log.Tags()["audio"])
    assert {"held out/spectrograms", "rooms", "final/spectrograms"} <= set(log.Tags()["images"])
    assert {"final/rendered", "final/recorded"} <= set(log.Tags()["audio"])
    assert "_hparams_/session_start_info" in log.summary_metadata and "final/held_out_mss" in log.Tags()["scalars"]


# ---- the end of a run


def an_assessment(**changes):
    usual = {
        "loudness_l1": 1.2, "follows": 0.9, "asked": (-50.0, -10.0), "played": (-48.0, -12.0),
        "gap_recorded": -45.0, "gap_played": -44.0, "rendered": torch.zeros(9), "recorded": torch.zeros(9),
        "seconds": dict.fromkeys(range(60, 73), 30.0), "error": dict.fromkeys(range(60, 73), 0.5),
    }  # fmt: skip
    return Assessment(**usual | changes)


def test_the_verdict_says_in_words_what_was_measured(data):
    crops = Crops(PreparedData(data), 250, 250)
    good = " ".join(verdict(an_assessment(), crops))
    assert "It follows loudness: asked for -50 to -10 dB it plays -48 to -12 dB" in good
    assert "pauses are as quiet as recorded" in good and "No note is much weaker" in good
    loud = an_assessment(follows=0.2, gap_played=-20.0)
    bad = " ".join(verdict(loud, crops))
    assert "hardly follows loudness" in bad and "not silent: 20 dB under loud" in bad and "played softly" in bad
    digital = " ".join(verdict(an_assessment(gap_recorded=-108.0, gap_played=-100.0), crops))
    assert "pauses are quiet: silent (recordings: 108 dB)" in digital and "not silent" not in digital
    weak = an_assessment(
        seconds=dict.fromkeys([*range(60, 64), *range(66, 73)], 30.0), error={61: 0.5, 62: 0.5, 72: 0.9}
    )
    assert "Weak notes: E4 to F4, C5." in " ".join(verdict(weak, crops))
    assert "phrases with pauses" in " ".join(verdict(an_assessment(gap_recorded=None, gap_played=None), crops))


def test_a_model_that_follows_loudness_is_told_from_one_that_does_not(data):
    """The measurement itself: amplitude is made to follow the loudness it is asked for, or to stay as it is."""
    crops = Crops(PreparedData(data), QUICK.scored, QUICK.preroll)
    module = TrainingModule(TrainingModel(Architecture(TINY), RATE, None), crops, QUICK)
    before = {name: weight.clone() for name, weight in module.model.named_parameters()}
    decoder = module.model.network.decoder
    whole = decoder.forward

    def deaf(f0, periodicity, loudness, z=None, state=None, **_):
        amplitude, harmonics, noise, state = whole(f0, periodicity, loudness, z, state)
        return torch.full_like(amplitude, 0.1), harmonics, noise, state

    def following(f0, periodicity, loudness, z=None, state=None, **_):
        _, harmonics, noise, state = whole(f0, periodicity, loudness, z, state)
        return 10 ** (loudness / 20), harmonics, 0 * noise, state

    slopes = []
    for forward in (deaf, following):
        decoder.forward = forward
        slopes.append(assess(module).follows)
    assert abs(slopes[0]) < 0.05 and slopes[1] == pytest.approx(1.0, abs=0.05)
    assert all(torch.equal(weight, before[name]) for name, weight in module.model.named_parameters())


def test_an_instrument_and_its_card_say_how_the_notes_of_the_data_move(tmp_path):
    recordings = [tone(1500, f0, seed) for seed, f0 in enumerate((220.0, 330.0, 392.0))]
    for recording in recordings:
        recording["f0"] *= 2 ** (30 / 1200 * np.sin(2 * np.pi * 6 * np.arange(1500) / 250)).astype(np.float32)
    output = tmp_path / "moving.ddsp"
    quick(write_data(tmp_path / "data.safetensors", recordings), output, steps=3)
    notes = load_instrument(output)[0]["notes"]
    assert notes["vibrato_rate"] == pytest.approx(6.0, rel=0.02)
    assert notes["vibrato_depth"] == pytest.approx(30.0, rel=0.05)
    assert "vibrato of 6.0 Hz and 30 cents" in (tmp_path / "moving.md").read_text()


def test_an_instrument_moves_as_far_as_its_data_do_beyond_what_it_has_learnt(tmp_path, monkeypatch):
    """Steady tones give it next to no life; tones whose harmonics fade one by one do."""
    monkeypatch.setattr(trained_life, "CROPS", CROPS)  # as many are listened to as usual

    def life(depth):
        recordings = [tone(2000, f0) for f0 in (220.0, 330.0)]
        for number, recording in enumerate(recordings):
            moving = fluttering(depth, float(recording["f0"][0]), 8.0, seed=number)
            recording["audio"] = moving.astype(np.float32)
        output = tmp_path / f"{depth}.ddsp"
        _, lines = quick(write_data(tmp_path / f"{depth}.safetensors", recordings), output, steps=3)
        assert any(line.startswith("Life: harmonics of held notes vary by") for line in lines)
        return load_instrument(output)[0]["life"]["depth"], output.with_suffix(".md").read_text()

    steady, card = life(0.0)
    assert max(steady) < 0.02 and "hardly move" in card
    moving, card = life(0.2)
    assert np.mean(moving) > 0.1 and "harmonics of held notes fade by depths of" in card


def test_a_run_ends_with_a_verdict_a_card_and_scores(tmp_path, data):
    output = tmp_path / "tone.ddsp"
    _, lines = quick(data, output, steps=6, licence="CC0-1.0", attribution="A. Player | and another")
    card = (tmp_path / "tone.md").read_text()
    for part in ("# tone", "CC0-1.0", "A. Player", "A3 to E4", "min to learn from", "held_out_mss", "6 steps"):
        assert part in card, part
    assert any("follow" in line and "loudness" in line for line in lines) and "To record next" in " ".join(lines)
    assert all(line[2:] in lines for line in card.splitlines() if line.startswith(("- It", "- To")))
    metadata, _ = load_instrument(output)
    assert {"held_out_mss", "loudness_slope"} <= metadata["scores"].keys()
    assert 0 < metadata["scores"]["onset_ms"] < 100
    (tmp_path / "tone.md").write_text("# My own words")
    _, lines = quick(data, output, steps=3, force=True)
    assert (tmp_path / "tone.md").read_text() == "# My own words"
    assert "# tone" in (tmp_path / "tone.training" / "card.md").read_text() and "card.md" in lines[-1]
