"""[ddsp.notes~] in a real Pd: what is pressed there is what Python's notes play, sample by sample."""

import numpy as np
import pytest
from pure_data import RATE, Patch, Session, needs_pd

import ddsp_rt

pytestmark = needs_pd
SECONDS = 0.5
MS = RATE // 1000  # samples


def play(folder, text, messages, block=None, seconds=SECONDS):
    """The sound of one object that is sent `messages`, each a text or a (milliseconds, text), and the console."""
    session = Session(folder, seconds)
    if block is None:
        target = session.patch.obj(text)
    else:
        inner = Patch()
        inlet, node, outlet = inner.obj("inlet"), inner.obj(text), inner.obj("outlet~")
        inner.obj(f"block~ {block}")
        inner.connect(inlet, 0, node, 0)
        inner.connect(node, 0, outlet, 0)
        target = session.patch.sub("inner", inner)
    for message in messages:
        at, words = message if isinstance(message, tuple) else (0, message)
        session.send(target, words, at=at)
    session.record(target)
    sound, console = session.run()
    return sound["out"], console


@pytest.fixture
def notes(instrument_path):
    return ddsp_rt.load(str(instrument_path)).notes(RATE)


def test_it_plays_the_samples_that_python_plays(tmp_path, instrument_path, notes):
    """Every kind of message, each when it is sent: milliseconds are not blocks, which are 1.33 of them."""
    messages = [
        "note 60 100",
        (20, "note 64 80 2"),
        (40, "bend 1.5 2"),
        (61, "press 0.7"),
        (83, "timbre 0.8 1"),
        (107, "expression 0.6"),
        (130, "pedal 1"),
        (150, "note 60 0"),
        (170, "67 127"),
        (210, "vibrato_depth 40"),
        (230, "pedal 0"),
        (300, "off"),
        (340, "note 72 90"),
        (430, "panic"),
    ]
    notes.note_on(60, 100 / 127)
    notes.note_on(64, 80 / 127, channel=1, offset=20 * MS)
    notes.bend(1.5, channel=1, offset=40 * MS)
    notes.pressure(0.7, offset=61 * MS)
    notes.timbre(0.8, channel=0, offset=83 * MS)
    notes.expression(0.6, offset=107 * MS)
    notes.sustain(True, offset=130 * MS)
    notes.note_off(60, offset=150 * MS)
    notes.note_on(67, 1.0, offset=170 * MS)
    first = notes.process(209 * MS // 64 * 64 + 64)  # a parameter is set at the start of the block that it falls in
    notes.set("vibrato_depth", 40)
    moved = len(first)
    notes.sustain(False, offset=230 * MS - moved)
    notes.all_notes_off(offset=300 * MS - moved)
    notes.note_on(72, 90 / 127, offset=340 * MS - moved)
    notes.all_sound_off(offset=430 * MS - moved)
    wanted = np.concatenate([first, notes.process(round(SECONDS * RATE) - moved)])
    played, console = play(tmp_path, f"ddsp.notes~ {instrument_path}", messages)
    assert "error" not in console
    assert np.abs(wanted).max() > 1e-3
    assert np.array_equal(played, wanted)


@pytest.mark.parametrize("block", [16, 1024])
def test_a_note_falls_on_its_sample_in_any_block(tmp_path, instrument_path, block):
    """Pd delays a larger block by as much as it is longer than its own; the room's transforms begin elsewhere then."""
    text, messages = f"ddsp.notes~ {instrument_path}", [(31, "note 60 100"), (55, "note 64 100"), (77, "note 60 0")]
    plain, _ = play(tmp_path, text, messages)
    other, _ = play(tmp_path, text, messages, block=block)
    late = max(block - 64, 0)
    assert np.abs(plain).max() > 1e-3
    assert np.allclose(other[late:], plain[: len(plain) - late], atol=1e-6)


def test_midi_bytes_play_the_same_notes(tmp_path, instrument_path, notes):
    """One by one as [midiin] gives them, or as a list; running status, and a clock in between."""
    bytes_ = [(ms, f"midi {byte}") for ms, byte in ((20, 0x90), (20, 60), (20, 0xF8), (20, 100), (50, 64), (50, 90))]
    bytes_ += [(90, f"midi {0xE0} 0 96"), (200, f"midi {0xF0} 1 2 {0xF7} {0x80} 60 0")]
    for message, ms in (((0x90, 60, 100), 20), ((0x90, 64, 90), 50), ((0xE0, 0, 96), 90), ((0x80, 60, 0), 200)):
        notes.midi(bytes(message), offset=ms * MS)
    wanted = notes.process(round(SECONDS * RATE))
    played, console = play(tmp_path, f"ddsp.notes~ {instrument_path}", bytes_)
    assert "error" not in console
    assert np.abs(wanted).max() > 1e-3
    assert np.array_equal(played, wanted)


def test_parameters_hold_from_the_start_and_every_one_of_the_door_is_a_message(tmp_path, instrument_path, notes):
    """Each is set to its lowest value as a creation argument, and asked for."""
    table = notes.parameters()
    words = " ".join(f"@{parameter['name']} {parameter['minimum']:g}" for parameter in table)
    _, console = play(tmp_path, f"ddsp.notes~ {instrument_path} {words}", ["info"])
    assert "error" not in console
    assert len(table) >= 19
    for parameter in table:
        assert f"ddsp.notes~: {parameter['name']} {parameter['minimum']:g}\n" in console


def test_mistakes_are_a_line_each_and_change_nothing(tmp_path, instrument_path):
    text = f"ddsp.notes~ {instrument_path}"
    plain, _ = play(tmp_path, text, ["note 60 100"])
    wrong = ["note", "note 128 100", "note 60.5 100", "note 60 100 17", "bend", "press loud", "pedal 1 0", "midi 300"]
    wrong += ["attack", "bend_range 100", "instrument nowhere"]
    same, console = play(tmp_path, text, ["note 60 100", *wrong])
    assert len([line for line in console.splitlines() if "error" in line]) == len(wrong), console
    assert np.array_equal(same, plain)


def test_another_instrument_takes_over_the_note_that_is_held(tmp_path, instrument_path):
    """It would be silent had the key to be pressed again."""
    text, messages = f"ddsp.notes~ {instrument_path} @reverb 0", ["note 60 100", (100, f"instrument {instrument_path}")]
    played, console = play(tmp_path, text, messages, seconds=0.6)
    assert "error" not in console
    assert np.abs(played[-round(0.1 * RATE) :]).max() > 0.3 * np.abs(played).max()
    ended, _ = play(tmp_path, text, [*messages, (150, "note 60 0"), (150, "release 10")], seconds=0.6)
    assert np.abs(ended[-round(0.1 * RATE) :]).max() < 1e-6
