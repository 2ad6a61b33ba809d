"""`ddsp-rt compare`: one page, complete in itself, that gives nothing away."""

import base64
import json
import re

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt.cli import main
from ddsp_rt.evaluation import comparison_page, judges
from ddsp_rt.evaluation.comparison import Heard, level_matched_sounds, picture
from ddsp_rt.evaluation.comparison_page import page
from ddsp_rt.evaluation.loudness import measure_loudness
from ddsp_rt.evaluation.sounding import loud_level

RATE = 16000


@pytest.fixture
def sounds(tone):
    random = np.random.default_rng(0)
    noise = 0.1 * random.standard_normal(RATE).astype(np.float32)
    return [Heard(f"<take {i}>.wav", RATE, tone(RATE), (tone(RATE, hertz=220), noise)) for i in range(8)]


@pytest.fixture
def undrawn(monkeypatch):
    """A page's pictures cost a tenth of a second each."""
    monkeypatch.setattr(comparison_page, "picture", lambda *_: b"a picture")


def made(sounds, **options):
    row = ("Gap depth", "-40.0", "dB", "3 <gaps>"), ("Gap depth", "-18.0", "dB", "3 <gaps>")
    return page(("old & new", "B"), sounds, [row], ["a <note>"], **options)


def key_of(text):
    return json.loads(base64.b64decode(re.search(r'atob\("([^"]+)"\)', text)[1]))


def test_sounds_are_brought_to_one_loudness(tone):
    quiet, loud = tone(RATE, hertz=300, level=0.01), tone(RATE, hertz=2000, level=0.9)
    pauses = np.concatenate([tone(RATE, level=0.2), np.zeros(2 * RATE, np.float32)])
    matched = level_matched_sounds([quiet, loud, pauses], RATE)
    levels = [loud_level(measure_loudness(sound, RATE)) for sound in matched]
    assert np.ptp(levels) < 0.5
    assert max(np.abs(sound).max() for sound in matched) <= 0.9
    silent, _ = level_matched_sounds([np.zeros(RATE, np.float32), loud], RATE)
    assert not silent.any()


def test_the_page_asks_for_nothing_from_outside(sounds):
    text = made(sounds[:1])
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert not re.findall(r"https?:|url\(|@import|fetch\(", text)
    assert "default-src 'none'" in text
    assert "<!--" not in text
    assert text.count('src="data:audio/flac;base64,') == text.count('src="data:image/png;base64,') == 3


@pytest.mark.usefixtures("undrawn")
def test_names_are_text_and_everything_is_labelled(sounds):
    text = made(sounds[:2])
    assert "<take" not in text
    assert "&lt;take 0&gt;.wav" in text
    assert "old &amp; new" in text
    assert "3 &lt;gaps&gt;" in text
    assert all("aria-label" in tag for tag in re.findall(r"<audio[^>]*>", text))
    assert all('alt="' in tag for tag in re.findall(r"<img[^>]*>", text))


@pytest.mark.usefixtures("undrawn")
def test_a_blind_page_hides_order_and_measures(sounds):
    orders = {tuple(order) for seed in range(2) for order in key_of(made(sounds, seed=seed))["orders"]}
    assert orders == {(0, 1), (1, 0)}
    text = made(sounds, seed=1)
    recordings = text[text.index("<section") : text.rindex("</section>")]
    assert "old" not in recordings
    assert 'tabindex="-1" hidden>' in text
    named = made(sounds, blind=False)
    assert all(order == [0, 1] for order in key_of(named)["orders"])
    assert "A: old &amp; new" in named
    assert 'id="reveal"' not in named
    assert 'tabindex="-1" >' in named


@pytest.mark.usefixtures("undrawn")
def test_the_order_is_the_order_of_the_sounds(sounds):
    """What the key calls A is the sound that A played."""
    again = made(sounds[:1], blind=False)
    of_a, of_b = re.findall(r'src="data:audio/flac;base64,([^"]+)"', again)[1:]
    for seed in range(3):
        text = made(sounds[:1], seed=seed)
        order = key_of(text)["orders"][0]
        players = re.findall(r'src="data:audio/flac;base64,([^"]+)"', text)
        assert [players[1], players[2]] == [[of_a, of_b][i] for i in order]


def test_a_picture_is_grey(tone):
    from io import BytesIO

    from matplotlib.image import imread

    image = imread(BytesIO(picture(tone(RATE), RATE)))[..., :3]
    assert np.ptp(image, axis=2).max() < 0.01
    assert image.min() < 0.3 < 0.9 < image.max()


@pytest.mark.usefixtures("few_onsets")
def test_command_makes_a_page(instrument_path, tmp_path, monkeypatch, tone, capsys):
    monkeypatch.setattr(judges, "NEEDED", {"no_such_module": "swift-f0"})
    ddsp_rt.write_audio(tmp_path / "take.wav", tone(RATE, 1.2), RATE)
    result = tmp_path / "page.html"
    command = ["compare", str(instrument_path), str(instrument_path), str(tmp_path / "take.wav"), "--seconds", "1"]
    assert main([*command, "-o", str(result)]) == 0
    said = capsys.readouterr()
    assert said.out == f"{result}: open it in a browser\n"
    text = result.read_text()
    assert "Gap depth" in text
    assert "take.wav" in text
    assert main([*command, "--own", "--named", "-o", str(result)]) == 0
    assert "Micro-variation" in result.read_text()
    capsys.readouterr()
    assert main([*command, "-o", str(tmp_path / "page.wav")]) == 2
    assert main([*command[:-1], "0", "-o", str(result)]) == 2
    assert capsys.readouterr().err.count("\n") == 2
