"""TorchScript: what is exported plays with PyTorch alone as the engine plays it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors import safe_open
from test_voice_parity import performance as basic
from torch.utils import cpp_extension

import ddsp_rt
from ddsp_rt import _engine
from ddsp_rt.export.torchscript import playable, script
from ddsp_rt.instrument_file import load_instrument, save_instrument

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
RATE = 48_000
NAMES = ("f0", "periodicity", "loudness", "fast_loudness", "balance")
ALONE = """
import sys, warnings
sys.modules["ddsp_rt"] = None  # must not be needed
warnings.simplefilter("ignore")
import numpy, torch
features, chunk = torch.from_numpy(numpy.load(sys.argv[2])), int(sys.argv[3])
play = torch.jit.load(sys.argv[1])
numpy.save(sys.argv[4], torch.cat([play(*part) for part in features.split(chunk, dim=1)]).numpy())
"""


def performance(frames=2500):
    """A line of notes, swells, breaths and rests, with all that a network may read: float32 [frames] each of NAMES."""
    f0, periodicity, loudness = basic(frames)
    t = np.arange(frames, dtype=np.float32) / 250
    return [f0, periodicity, loudness, loudness + 2 * np.sin(9 * t), -15 + 10 * np.sin(2 * t)]


def steady(frames, hertz=440.0, periodicity=0.98):
    """One note: float32 [frames] each of NAMES."""
    return [np.full(frames, value, np.float32) for value in (hertz, periodicity, -15.0, -15.0, -20.0)]


def as_new(module):
    """Back to how it was loaded, which takes a second."""
    for row in _engine.parameters():
        if hasattr(module, f"set_{row['name']}"):
            getattr(module, f"set_{row['name']}")(row["initial"])
    module.set_sample_rate(RATE)
    module.reset()


@pytest.fixture
def play(loaded_violin):
    """A function: features (float32 [3, frames]) to sound (float32 [samples]), in chunks of frames. As new."""
    as_new(loaded_violin)

    def chunks(features, chunk=100):
        with torch.inference_mode():
            parts = torch.from_numpy(np.stack(features)).split(chunk, dim=1)
            return torch.cat([loaded_violin(*part) for part in parts]).numpy()

    chunks.module = loaded_violin
    return chunks


@pytest.fixture(scope="module")
def by_engine():
    """What the engine makes of the performance."""
    violin = ddsp_rt.load("violin")
    voice = _engine.Voice(violin.engine, RATE)
    features = dict(zip(NAMES, performance()))
    return voice.render_parts(**features, gate_db=violin.metadata["gate_db"], life=1.0)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_it_sounds_as_the_engine_does_in_chunks_of_any_size(chunk, play, by_engine):
    """With its noise, which is the engine's to the sample."""
    frames = 2500 if chunk == 100 else 1000
    audio = play([track[:frames] for track in performance()], chunk)
    wanted = by_engine["audio"][: len(audio)]
    assert len(audio) == frames * RATE // 250 and np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(audio, wanted, atol=1e-4)


def test_its_tone_is_the_engine_s_with_noise_and_room_off(play, by_engine):
    play.module.set_noise_gain(-60.0)
    play.module.set_reverb(0.0)
    audio = play(performance())
    np.testing.assert_allclose(audio, by_engine["harmonic"], atol=1e-4)


def test_it_plays_in_a_process_without_the_package(violin_script, by_engine, tmp_path):
    np.save(tmp_path / "features.npy", np.stack(performance()))
    command = [sys.executable, "-c", ALONE, str(violin_script), "features.npy", "100", "audio.npy"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "audio.npy"), by_engine["audio"], atol=1e-4)


@pytest.mark.slow
def test_it_plays_from_c_plus_plus(violin_script, by_engine, tmp_path):
    source = Path(__file__).parent / "libtorch"
    # PyTorch's own builder: its CMake package asks for CUDA's compiler wherever PyTorch is a build for CUDA.
    player = cpp_extension.load(
        "play",
        [str(source / "play.cpp")],
        build_directory=str(tmp_path),
        with_cuda=False,
        is_python_module=False,
        is_standalone=True,
    )
    np.stack(performance()).tofile(tmp_path / "features")
    command = [player, str(violin_script), "features", "100", "audio"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.fromfile(tmp_path / "audio", np.float32), by_engine["audio"], atol=1e-4)


def test_reset_forgets_everything_but_the_parameters(play):
    features = performance(300)
    first = play(features)
    assert not np.array_equal(play(features), first)  # it goes on where it was
    play.module.reset()
    np.testing.assert_array_equal(play(features), first)
    play.module.set_transpose(12.0)
    play.module.reset()
    assert play.module.get_transpose() == [12.0]


def test_a_transposed_line_sounds_higher(play):
    frames = 500
    line = steady(frames, 330.0)
    play.module.set_reverb(0.0)
    play.module.set_transpose(7.0)
    play.module.set_fine_tune(-50.0)
    heard = ddsp_rt.analyse(play(line), RATE)
    pitch = np.median(heard.f0[heard.voiced])
    assert abs(1200 * np.log2(pitch / (330 * 2 ** (6.5 / 12)))) < 5


def level(audio):
    return 20 * np.log10(np.sqrt(np.mean(audio[len(audio) // 2 :] ** 2)))


def test_parameters_change_the_sound_without_a_step(play):
    frames = 300
    line = steady(frames)
    loud = play(line)
    play.module.set_output_gain(-20.0)
    soft = play(line)
    assert abs(level(loud) - level(soft) - 20) < 0.5  # the room builds up meanwhile
    change = np.concatenate([loud[-2000:], soft[:2000]])
    steps = np.abs(np.diff(change))
    assert steps[1990:2010].max() <= 1.2 * steps[:1990].max()
    play.module.set_output_gain(0.0)
    tilted = {}
    for tilt in (-6.0, 0.0, 6.0):
        play.module.set_brightness(tilt)
        play.module.reset()
        spectrum = np.abs(np.fft.rfft(play(line)[-24000:])) ** 2
        split = 2000 // 2  # bins of 2 Hz
        tilted[tilt] = 10 * np.log10(spectrum[split:].sum() / spectrum[:split].sum())
    assert tilted[-6.0] < tilted[0.0] - 3 and tilted[6.0] > tilted[0.0] + 3
    play.module.set_brightness(0.0)
    play.module.set_output_gain(-60.0)
    play.module.reset()
    assert not play(line).any()


def test_what_is_set_stays_in_the_engine_s_range(play):
    for row in _engine.parameters():
        setter = getattr(play.module, f"set_{row['name']}", None)
        if setter is None:
            continue
        getter = getattr(play.module, f"get_{row['name']}")
        for value, kept in ((1e9, row["maximum"]), (-1e9, row["minimum"]), (float("nan"), row["initial"])):
            assert setter(value) == 0
            assert getter() == [pytest.approx(kept)]


def test_below_the_gate_is_silence(play):
    frames = 250
    line = steady(frames, periodicity=0.9)
    play.module.set_reverb(0.0)
    assert np.abs(play(line)).max() > 0.01
    line[2][:] = line[3][:] = -100
    fading = play(line)
    assert not fading[12 * RATE // 250 :].any()


def test_several_lines_at_once_sound_as_each_alone(play):
    lines = [performance(200), [x[::-1].copy() for x in performance(200)]]
    alone = []
    for line in lines:
        play.module.reset()
        alone.append(play(line))
    play.module.reset()
    together = play.module(*torch.from_numpy(np.stack(lines, axis=1))).numpy()
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-5)


def test_an_instrument_with_z_plays_what_it_is_told_and_its_mean_otherwise():
    golden = Path(__file__).parent / "data"
    instrument = _engine.Instrument.load(str(golden / "golden.ddsp"))
    with safe_open(golden / "golden_network.safetensors", "np") as stored:
        features = {name: stored.get_tensor(name) for name in ("f0", "periodicity", "loudness", "mfcc")}
    metadata, tensors = load_instrument(golden / "golden.ddsp")
    module = script(playable(metadata, tensors, 16_000))
    module.set_gate(-40.0)
    told = [torch.from_numpy(x) for x in features.values()]
    with torch.inference_mode():
        audio = module(*told[:3], mfcc=told[3]).numpy()
        module.reset()
        mean = module(*told[:3]).numpy()
    wanted = _engine.Voice(instrument, 16_000).render_parts(**features, gate_db=metadata["gate_db"] - 40)["audio"]
    np.testing.assert_allclose(audio, wanted, atol=1e-4)
    assert np.abs(mean - audio).max() > 1e-3


def test_its_harmonics_move_as_the_engine_s_and_breath_has_a_level(instrument_path, tmp_path):
    metadata, tensors = load_instrument(instrument_path)
    metadata |= {"life": {"hertz": [100.0, 800.0, 4000.0], "depth": [0.1, 0.4, 0.6]}}
    save_instrument(tmp_path / "living.ddsp", tensors, metadata, "float32")
    features = dict(zip(NAMES, performance(500)))
    voice = _engine.Voice(_engine.Instrument.load(str(tmp_path / "living.ddsp")), 16_000)
    module = script(playable(metadata, tensors, 16_000))
    played = {}
    for life in (0.0, 80.0):
        module.set_life(life)
        module.reset()
        with torch.inference_mode():
            played[life] = module(*(torch.from_numpy(x) for x in features.values())).numpy()
        wanted = voice.render_parts(**features, gate_db=metadata["gate_db"], life=life / 100)["audio"]
        np.testing.assert_allclose(played[life], wanted, atol=1e-3 * np.abs(wanted).max())
    assert np.abs(played[80.0] - played[0.0]).max() > 0.05 * np.abs(played[0.0]).max()
    whisper = [torch.from_numpy(x) for x in steady(300, periodicity=0.1)]
    levels = []
    for breath in (0.0, -20.0):
        module.set_breath(breath)
        module.reset()
        levels.append(level(module(*whisper).numpy()))
    assert abs(levels[0] - levels[1] - 20) < 0.5
