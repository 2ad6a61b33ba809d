"""The picture shows what it says: every axis labelled with its unit, signals where they belong, a small file."""

import dataclasses
import io
import itertools

import numpy as np
import pytest
import soundfile

import ddsp_rt
from ddsp_rt.cli import main
from ddsp_rt.figures import axes as style
from ddsp_rt.figures import commands, drawing
from ddsp_rt.figures.axes import note_frequency, spectrogram
from ddsp_rt.figures.drawing import FONT, draw, panels
from ddsp_rt.figures.parts import Parts, amplitudes, take_apart

RATE = 16000


@pytest.fixture(scope="module")
def parts():
    random = np.random.default_rng(0)
    frames, time = 500, np.arange(2 * RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    room = 0.01 * random.standard_normal(4000) * np.exp(-np.arange(4000) / 800)
    constant = {"f0": 220.0, "f0_played": 440.0, "periodicity": 0.9, "loudness": -30.0, "loudness_asked": -20.0}
    return Parts(
        name="tiny", source="voice.wav", rate=RATE, model_rate=RATE, start=0.0, octave=1, gate=-60.0,
        recording=tone[::2].repeat(2), harmonics=np.full((frames, 20), 0.01), dry=tone, result=tone,
        noise_magnitudes=np.full((frames, 17), 1e-3), impulse_response=room,
        **{name: np.full(frames, value) for name, value in constant.items()},
    )  # fmt: skip


def drawn(parts):
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(FONT):
        figure = Figure()
        panels(figure, parts)
    return figure


@pytest.mark.parametrize("change", [{}, {"impulse_response": None}, {"octave": 0}, {"periodicity": np.zeros(500)}])
def test_every_axis_names_its_quantity_and_unit(parts, change):
    figure = drawn(dataclasses.replace(parts, **change))
    panel = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left").split()[0] for axis in panel] == ["1", "5", "2", "6", "3", "7", "4", "8"]
    for axis in figure.axes:
        if axis.axison and not axis.get_label().startswith("<colorbar>"):
            assert "(" in axis.get_ylabel(), axis.get_title(loc="left")
    below = [axis for axis in panel if axis.get_title(loc="left")[0] in "478"]
    assert all("(s)" in axis.get_xlabel() for axis in below)
    bars = [child for axis in panel for child in axis.child_axes]
    assert len(bars) == 5 and all("(dB)" in bar.get_ylabel() for bar in bars)
    assert "voice.wav played on tiny" in figure.get_suptitle()


def test_time_is_shared_by_all_panels_but_the_room(parts):
    for axis in drawn(parts).axes:
        if axis.get_title(loc="left") and not axis.get_title(loc="left").startswith("7"):
            assert axis.get_xlim() == (0, 2)


def lightness(colour):
    """0 black, 1 white: what is left of a colour on a printer without any (ITU-R BT.601)."""
    from matplotlib.colors import to_rgb

    return float(np.dot((0.299, 0.587, 0.114), to_rgb(colour)))


def test_lines_of_a_panel_are_told_apart_in_grey(parts):
    for axis in drawn(parts).axes:
        lines = [line for line in axis.get_lines() if not line.get_label().startswith("_")]
        for first, second in itertools.combinations(lines, 2):
            apart = abs(lightness(first.get_color()) - lightness(second.get_color()))
            assert first.get_linestyle() != second.get_linestyle() or apart > 0.3, axis.get_title(loc="left")
    channels = sorted(map(lightness, (style.BLUE, style.RED, style.ORANGE, style.YELLOW)))
    assert np.diff(channels).min() > 0.1


def test_spectrogram_puts_a_tone_at_its_frequency_and_level():
    time = np.arange(2 * RATE) / RATE
    for hertz in (110.0, 1000.0, 5000.0):
        image = spectrogram(0.1 * np.sin(2 * np.pi * hertz * time), RATE, 8000)
        rows = 60 * (8000 / 60) ** ((np.arange(len(image)) + 0.5) / len(image))
        column = image[:, image.shape[1] // 2]
        assert rows[column.argmax()] == pytest.approx(hertz, rel=0.05)
        assert column.max() == pytest.approx(-20, abs=1.5)


def test_note_ticks_name_their_hertz():
    from matplotlib.figure import Figure

    axis = Figure().subplots()
    note_frequency(axis, 100, 1000)
    labels = [tick.get_text() for tick in axis.get_yticklabels()]
    assert "C4  262" in labels and 2 <= len(labels) <= 6


def test_amplitudes_are_the_whole_shared_out():
    shared = amplitudes([2.0, 0.0], [[1.0, 3.0], [1.0, 1.0]])
    assert shared == pytest.approx(np.array([[0.5, 1.5], [0, 0]]))


def test_picture_is_small_whole_and_of_the_size_promised(parts, tmp_path):
    from matplotlib.image import imread

    path = tmp_path / "new" / "figure.png"
    draw(parts, path)
    assert path.stat().st_size < 1e6
    image = imread(path)
    assert image.shape[:2] == (1240, 1753)
    assert [p.name for p in path.parent.iterdir()] == ["figure.png"]


def test_parts_of_a_transfer_add_up_to_it(instrument_path, tone):
    instrument = ddsp_rt.load(instrument_path)
    audio = tone(RATE, 1.0, 330.0)
    parts = take_apart(instrument, audio, RATE, octave=0, reverb=0)
    played = instrument.transfer(audio, RATE, octave=0, reverb=0, tail=False)
    np.testing.assert_allclose(parts.result[: len(played)], played, rtol=0, atol=1e-4)
    np.testing.assert_allclose(parts.dry, parts.result, rtol=0, atol=1e-5)
    assert parts.impulse_response is None
    assert parts.f0_played[-1] == pytest.approx(330, rel=0.01) and parts.harmonics.shape == (250, 30)
    assert take_apart(instrument, audio, RATE, octave=1).f0_played[-1] == pytest.approx(660, rel=0.01)


def test_silence_is_drawn_dark_and_told(instrument_path, tmp_path, tone, capsys, monkeypatch):
    shown = []
    monkeypatch.setattr(drawing, "_image", lambda *given: shown.append((given[2], given[4], given[5])))
    ddsp_rt.write_audio(tmp_path / "silent.wav", np.zeros(RATE, np.float32), RATE)
    command = ["figure", "--to", str(instrument_path), "-o", str(tmp_path / "a.png")]
    assert main([*command, str(tmp_path / "silent.wav")]) == 0
    assert "silent.wav: no pitch found in it" in capsys.readouterr().err
    assert len(shown) == 5 and all((image <= low).all() for image, low, _ in shown)
    shown.clear()
    ddsp_rt.write_audio(tmp_path / "tone.wav", tone(RATE, 1.0), RATE)
    assert main([*command, str(tmp_path / "tone.wav")]) == 0
    assert capsys.readouterr().err == "" and all((image > low).any() for image, low, _ in shown)


def test_a_picture_beside_a_transfer_repeats_no_note_and_leaves_standard_output_alone(
    instrument_path, tmp_path, tone, capfdbinary
):
    audio = tone(RATE, 1.0)
    audio[100:200] = np.nan
    soundfile.write(tmp_path / "a.wav", audio, RATE, subtype="FLOAT")
    command = ["transfer", str(tmp_path / "a.wav"), "--to", str(instrument_path), "--figure", str(tmp_path / "a.png")]
    assert main([*command, "-o", "-"]) == 0
    out, err = capfdbinary.readouterr()
    assert soundfile.info(io.BytesIO(out)).frames * 2 + 44 == len(out)  # a WAV file, and nothing behind it
    assert err.count(b"not a number") == 1 and err.count(b"a.png: ") == 1


def test_what_is_too_long_to_be_drawn_is_told(instrument_path, tmp_path, tone, capsys, monkeypatch):
    monkeypatch.setattr(commands, "LONGEST", 0.5)
    ddsp_rt.write_audio(tmp_path / "a.wav", tone(RATE, 2.0), RATE)
    command = ["figure", str(tmp_path / "a.wav"), "--to", str(instrument_path), "-o", str(tmp_path / "a.png")]
    assert main([*command, "--seconds", "0.5"]) == 0
    assert capsys.readouterr().err.startswith(f"note: {tmp_path / 'a.wav'}: 0.5 of 2 s are drawn")
    assert main([*command, "--seconds", "0.4"]) == 0
    assert capsys.readouterr().err == ""


def test_a_figure_is_of_one_instrument_and_says_so(instrument_path, tmp_path, capsys):
    assert main(["figure", "--help"]) == 0
    assert "weights" not in capsys.readouterr().out
    between = f"{instrument_path}:1,{instrument_path}:1"
    assert main(["figure", "a.wav", "--to", between, "-o", str(tmp_path / "a.png")]) == 2
    assert "one instrument" in capsys.readouterr().err


def test_command_draws_and_refuses_in_one_line(instrument_path, tmp_path, tone, capsys):
    voice = tmp_path / "voice.wav"
    ddsp_rt.write_audio(voice, tone(RATE, 1.0), RATE)
    picture = tmp_path / "voice.png"
    assert main(["figure", str(voice), "--to", str(instrument_path), "-o", str(picture)]) == 0
    assert picture.stat().st_size > 20_000
    assert main(["figure", str(voice), "--to", str(instrument_path), "-o", str(tmp_path / "a.doc")]) == 2
    assert main(["figure", str(voice), "--to", str(instrument_path), "-o", str(picture), "--start", "5"]) == 1
    assert capsys.readouterr().err.count("\n") == 2
