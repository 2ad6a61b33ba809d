"""Two instruments in one Pd object: the second is loaded by name, and morph moves between them."""

import numpy as np
import pytest
import test_pd_control
import test_pd_notes
from conftest import tiny_metadata, tiny_tensors
from pure_data import RATE, needs_pd
from test_pd_transfer import phrase, play

import ddsp_rt
from ddsp_rt.instrument_file import save_instrument

pytestmark = needs_pd


@pytest.fixture(scope="module")
def loud_path(tmp_path_factory):
    """An instrument that is louder than the tiny one by far, of another rate and size."""
    metadata = tiny_metadata("loud") | {"model_rate": 32_000}
    metadata["architecture"]["decoder"] |= {"harmonics": 50, "noise_bands": 33}
    tensors = tiny_tensors(metadata, seed=8)
    tensors["decoder.head.bias"][0] = 2.5
    path = tmp_path_factory.mktemp("loud") / "loud.ddsp"
    save_instrument(path, tensors, metadata)
    return path


def rms(audio, seconds=0.3):
    return np.sqrt(np.mean(np.square(audio[-round(seconds * RATE) :])))


def test_what_lies_between_is_what_python_plays(tmp_path, instrument_path, loud_path):
    audio = phrase(f0=220.0)
    played, console = play(tmp_path, audio, f"ddsp.transfer~ {instrument_path} @morph {loud_path} @morph 40")
    assert "error" not in console
    between = ddsp_rt.Morph(ddsp_rt.load(instrument_path), ddsp_rt.load(loud_path), 40)
    assert np.array_equal(played, between.stream(RATE).process(audio))


def test_a_second_instrument_loads_while_playing_and_can_be_left_out_again(tmp_path, instrument_path, loud_path):
    """Long, since loading goes on in the background while Pd here runs faster than real time."""
    audio, text = phrase(6.0, f0=220.0), f"ddsp.transfer~ {instrument_path} @reverb 0 @morph 100"
    alone, loud = (
        rms(play(tmp_path, audio, f"ddsp.transfer~ {path} @reverb 0")[0]) for path in (instrument_path, loud_path)
    )
    assert loud > 2 * alone
    played, console = play(tmp_path, audio, text, [(f"morph {loud_path}", 200), ("info", 5900)], printed=(4,))
    assert "error" not in console
    assert "out4: morph loud" in console and "ddsp.transfer~: second loud" in console
    assert rms(played) == pytest.approx(loud, rel=0.1)
    played, console = play(tmp_path, audio, f"{text} @morph {loud_path}", [("morph none", 200), ("info", 5900)])
    assert "ddsp.transfer~: second none" in console
    assert rms(played) == pytest.approx(alone, rel=0.1)


def test_control_and_note_objects_morph_too(tmp_path, instrument_path, loud_path):
    def held(words):
        sound, console = test_pd_control.play(
            tmp_path, f"ddsp~ {instrument_path} @reverb 0 {words}", 220.0, test_pd_control.constant(0.5)
        )
        assert "error" not in console
        notes, console = test_pd_notes.play(
            tmp_path, f"ddsp.notes~ {instrument_path} @reverb 0 {words}", ["note 57 100"], seconds=0.6
        )
        assert "error" not in console
        return rms(sound), rms(notes)

    first, half, second = (held(f"@morph {loud_path} @morph {amount}") for amount in (0, 50, 100))
    assert held("") == first
    for a, b, c in zip(first, half, second):
        assert 1.1 * a < b < 0.9 * c


def test_mistakes_are_a_line_each_and_what_plays_goes_on(tmp_path, instrument_path):
    text, audio = f"ddsp.transfer~ {instrument_path}", phrase(0.5)
    plain, _ = play(tmp_path, audio, text)
    played, console = play(tmp_path, audio, text, [("morph", 0), ("morph nowhere", 0), ("morph a b", 0)], printed=(4,))
    lines = [line for line in console.splitlines() if "error" in line]
    assert len(lines) == 3, console
    assert sum("or the name of a second instrument" in line for line in lines) == 2
    assert "out4: failed nowhere" in console
    assert np.array_equal(played, plain)
