"""Single notes joined into phrases: what a note is, how the phrases sound, that nothing held out leaks into them."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

_engine = pytest.importorskip("ddsp_rt._engine")

from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.evaluation.clicks import find_clicks
from ddsp_rt.made_rooms import made_room
from ddsp_rt.single_notes import single_note
from ddsp_rt.training.data_file import PreparedData
from ddsp_rt.training.phrase_audio import curve, phrase_audio, place
from ddsp_rt.training.phrase_plan import Event, Phrase, Planner, Vibrato
from ddsp_rt.training.preparation import describe, prepare

RATE = 16_000
FALL = np.linspace(0.0, -60.0, 31)  # dB, in 120 ms
HEARD = 5  # frames after which the analyser tells of a change


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DDSP_RT_CACHE", str(tmp_path / "cache"))


def note(midi=60.0, seconds=1.2, level=-14.0, attack=0.04, release=0.1, before=0.1, after=0.4, decay=0.0, floor=1e-5):
    """A bright tone of some MIDI note and RMS level (dB), dying by `decay` dB a second; without `release` it is cut."""
    time = np.arange(int(seconds * RATE)) / RATE
    f0 = 440 * 2 ** ((midi - 69) / 12)
    count = max(int(min(7000, 12 * f0) // f0), 1)
    tone = sum(np.sin(2 * np.pi * h * f0 * time + h * h) / h for h in range(1, count + 1))
    tone *= 10 ** (level / 20) / np.sqrt(np.mean(tone**2)) * 10 ** (-decay * time / 20)
    tone *= np.sin(np.pi / 2 * np.clip(time / attack, 0, 1)) ** 2
    if release:
        tone *= np.sin(np.pi / 2 * np.clip((seconds - time) / release, 0, 1)) ** 2
    else:
        after = 0.0
    audio = np.concatenate([np.zeros(int(before * RATE)), tone, np.zeros(int(after * RATE))])
    return (audio + floor * np.random.default_rng(int(midi * 10)).standard_normal(len(audio))).astype(np.float32)


def heard(audio, rate=RATE):
    return _engine.analyse(np.ascontiguousarray(audio, np.float32), rate)


def as_note(audio):
    features = heard(audio)
    return single_note(features["f0"], features["periodicity"], features["loudness"])


def midi_of(features):
    return 69 + 12 * np.log2(np.maximum(features["f0"], 1.0) / 440)


def scale(count=12, **options):
    sounds = [note(57.0 + index, level=-14.0 - 6.0 * (index % 3), **options) for index in range(count)]
    return sounds, [as_note(sound) for sound in sounds]


def phrase(*events, level=-17.0):
    return Phrase(tuple(events), (0.0, 100.0), (level, level))


# ---- what a note is


def test_a_note_is_found_with_its_pitch_and_level_and_where_it_begins_and_ends():
    found = as_note(note(62.0, 1.2, before=0.2, attack=0.1, release=0.15, after=0.5))
    assert found.pitch == pytest.approx(62.0, abs=0.05) and found.released and found.sustained and found.let_go
    assert 40 <= found.start <= 60 and found.start < found.arrived <= 80
    assert 320 <= found.release <= 348 and 345 <= found.end <= 365
    assert found.level - as_note(note(62.0, level=-34.0)).level == pytest.approx(20.0, abs=0.2)
    assert found.floor[0] >= found.end and found.floor[1] > found.floor[0] + 75


def test_what_was_cut_while_it_sounded_was_not_let_go_and_what_dies_by_itself_does_not_stand():
    cut = as_note(note(release=0.0))
    assert not cut.released and cut.floor == (0, 0)
    plucked = as_note(note(50.0, 2.0, decay=20.0))
    assert not plucked.sustained and not plucked.let_go


def test_a_melody_noise_and_silence_are_no_single_note():
    melody = np.concatenate([note(60.0, 0.5), note(64.0, 0.5), note(67.0, 0.5)])
    repeated = np.concatenate([note(60.0, 0.5), note(60.0, 0.5)])
    hiss = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    for audio in (melody, repeated, hiss, np.zeros(RATE), note(seconds=31.0)):
        assert as_note(audio) is None
    trill = np.concatenate([note(60.0 + 2 * (k % 2), 0.15, before=0, after=0, release=0.01) for k in range(10)])
    assert as_note(trill) is None


# ---- how phrases sound


def test_slurred_notes_keep_their_level_and_tongued_ones_part():
    sounds, notes = scale()
    for interval, most in ((1, 1.0), (3, 1.0), (7, 2.0)):
        lean = 50.0 * interval if interval < 4 else 60.0
        events = (
            Event(2, "gap", 0.1, 0.5, leave=lean, leaving=0.04),
            Event(2 + interval, "slur", 0.0, 0.5, offset=0.2, bend=-lean, glide=0.04),
            Event(2, "gap", 0.06, 0.4),
        )
        joined = phrase(*events)
        placed = place(joined, notes, sounds.__getitem__, RATE, FALL)
        features = heard(phrase_audio(joined, notes, sounds.__getitem__, RATE, FALL))
        at = [round((p.begin + p.onset) / 64) + HEARD for p in placed]
        slur = slice(at[1] - 15, at[1] + 15)
        assert features["loudness"][slur].min() > features["loudness"][at[0] + 50 : at[0] + 100].min() - most
        assert interval > 3 or features["periodicity"][slur].min() > 0.5
        assert features["loudness"][at[1] + 60 : at[2] + 5].min() < -17.0 - 30.0


def test_some_slurs_change_at_once_and_then_the_period_falls_but_not_the_level():
    """A network that hears this of tongued notes alone lets every quick slur dip."""
    sounds, notes = scale()
    planned = [Planner(notes, False, 0.12, np.random.default_rng(seed)).phrase(30.0) for seed in range(8)]
    slurs = [event for one in planned for event in one.events if event.link == "slur"]
    assert 0.2 < np.mean([event.glide == 0.0 and event.bend == 0.0 for event in slurs]) < 0.6
    fallen = []
    for interval in (1, 2, 4, 5, 7):
        events = Event(2, "gap", 0.1, 0.5), Event(2 + interval, "slur", 0.0, 0.5, offset=0.2)
        placed = place(phrase(*events), notes, sounds.__getitem__, RATE, FALL)
        features = heard(phrase_audio(phrase(*events), notes, sounds.__getitem__, RATE, FALL))
        at = round((placed[1].begin + placed[1].onset) / 64) + HEARD
        slur = slice(at - 12, at + 10)
        assert features["loudness"][slur].min() > features["loudness"][at - 60 : at - 20].min() - 2.0, interval
        fallen.append(features["periodicity"][slur].min())
    assert np.median(fallen) < 0.8


def test_notes_sound_in_the_order_and_at_the_pitches_of_the_plan_without_clicks():
    sounds, notes = scale()
    for seed, wet in ((0, False), (1, False), (2, True)):
        planned = Planner(notes, wet, 0.12, np.random.default_rng(seed)).phrase(12.0)
        placed = place(planned, notes, sounds.__getitem__, RATE, FALL)
        audio = phrase_audio(planned, notes, sounds.__getitem__, RATE, FALL)
        features = heard(audio)
        pitch, judged = midi_of(features), 0
        for event, part in zip(planned.events, placed):
            begin, end = ((part.begin + mark) // 64 + HEARD for mark in (part.onset, part.release))
            middle = slice(begin + (end - begin) // 3, end - (end - begin) // 4)
            voiced = features["periodicity"][middle] >= 0.5
            if end - begin > 25 and voiced.sum() > 5:
                assert np.median(pitch[middle][voiced]) == pytest.approx(notes[event.note].pitch, abs=0.4)
                judged += 1
        assert judged >= 8
        starts = [part.begin + part.onset for part in placed]
        assert starts == sorted(starts)
        assert len(find_clicks(audio, RATE)) == 0
        assert {event.link for event in planned.events} <= (
            {"gap", "over"} if wet else {"gap", "over", "slur", "joined"}
        )


def test_loudness_follows_the_curve_down_to_50_db():
    sounds, notes = scale(1)
    wanted = (notes[0].level, notes[0].level - 50.0, notes[0].level - 10.0)
    swell = Phrase((Event(0, "gap", 0.0, 1.0),) * 8, (0.0, 4.0, 7.0, 99.0), (*wanted, wanted[-1]))
    placed = place(swell, notes, sounds.__getitem__, RATE, FALL)
    loudness = heard(phrase_audio(swell, notes, sounds.__getitem__, RATE, FALL))["loudness"]
    for part in placed:
        middle = (part.begin + (part.onset + part.release) // 2) / RATE
        assert loudness[round(middle * 250) + 2] == pytest.approx(curve(swell, np.array([middle]))[0], abs=1.5)
    assert min(curve(swell, np.arange(0, 7, 0.01))) == wanted[1]


def test_a_gap_is_as_quiet_as_the_recordings_or_silent():
    sounds, notes = scale(2, floor=3e-4)
    events = (Event(0, "gap", 0.1, 0.4), Event(1, "gap", 0.5, 0.4))
    floor = np.median(heard(sounds[0][-6000:])["loudness"])
    assert -80 < floor < -60
    for bed, low, high in ((None, -101, -99), (0, floor - 3, floor + 3)):
        joined = replace(phrase(*events), bed=bed)
        placed = place(joined, notes, sounds.__getitem__, RATE, FALL)
        loudness = heard(phrase_audio(joined, notes, sounds.__getitem__, RATE, FALL))["loudness"]
        onset = (placed[1].begin + placed[1].onset) // 64
        assert low < np.median(loudness[onset - 60 : onset - 12]) < high


def test_a_note_that_is_left_early_keeps_its_own_release_and_one_that_was_cut_gets_one():
    slow = note(60.0, 2.0, release=0.5)
    found = as_note(slow)
    whole = place(phrase(Event(0, "gap", 0.0, 9.0)), [found], [slow].__getitem__, RATE, FALL)[0]
    short = place(phrase(Event(0, "gap", 0.0, 0.3)), [found], [slow].__getitem__, RATE, FALL)[0]
    assert len(short.audio) < len(whole.audio) - 0.8 * RATE
    assert np.allclose(short.audio[-4000:], whole.audio[-4000:], atol=1e-6)
    cut = note(60.0, 1.0, release=0.0)
    made = place(phrase(Event(0, "gap", 0.0, 0.5)), [as_note(cut)], [cut].__getitem__, RATE, FALL)[0]
    after = heard(made.audio)["loudness"][(made.release // 64) + np.array([3, 13, 23])]
    assert np.diff(after) == pytest.approx([-20.0, -20.0], abs=3.0)  # 60 dB in 120 ms


def test_vibrato_moves_the_pitch_as_far_and_as_fast_as_planned():
    long = note(64.0, 3.0)
    event = Event(0, "gap", 0.0, 2.5, vibrato=Vibrato(5.0, 30.0, 0.3))
    pitch = midi_of(heard(place(phrase(event), [as_note(long)], [long].__getitem__, RATE, FALL)[0].audio))
    assert np.ptp(pitch[40:80]) < 0.05
    late = pitch[250:600] - np.mean(pitch[250:600])
    assert np.sqrt(2) * np.std(late) == pytest.approx(0.3, abs=0.03)
    assert np.argmax(np.abs(np.fft.rfft(late))) * 250 / len(late) == pytest.approx(5.0, abs=0.4)


def test_every_note_is_used_and_the_softest_where_it_is_soft():
    levels = np.tile([-12.0, -24.0, -36.0], 10)
    found = as_note(note())
    notes = [replace(found, pitch=55.0 + i // 3, level=level) for i, level in enumerate(levels)]
    planner = Planner(notes, False, 0.12, np.random.default_rng(0))
    phrases = [planner.phrase(30.0) for _ in range(8)]
    assert planner.used.min() >= 2
    wanted, played, now = [], [], 0.0
    for planned in phrases:
        now = 0.0
        for event in planned.events:
            wanted.append(np.interp(now, planned.times, planned.levels))
            played.append(notes[event.note].level)
            now += event.gap + event.seconds + (0.06 if event.link == "gap" else 0.0)
    wanted, played = np.array(wanted), np.array(played)
    assert np.median(wanted[played > -15]) > np.median(wanted[played < -30]) + 10
    assert min(wanted) < -12 - 40 and max(wanted) > -14
    pitch = [notes[event.note].pitch for planned in phrases for event in planned.events]
    assert 0.08 < np.mean(np.diff(pitch) == 0) < 0.4 and np.median(np.abs(np.diff(pitch))) <= 4


# ---- in a data set


def library(folder, count=16, folders=("loud", "soft"), **options):
    """A sample library: a note a file, every second one soft."""
    for index in range(count):
        path = folder / folders[index % len(folders)] / f"{index:02}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, note(50.0 + index // 2, 0.4, -30.0 if index % 2 else -14.0, **options), RATE)
    return folder


def prepared(recordings, output, **options):
    lines = []
    summary = prepare(recordings, output, workers=1, report=lines.append, **options)
    return summary, PreparedData(output), lines


@pytest.fixture(scope="module")
def joined_library(tmp_path_factory):
    """A library, and what was prepared of it: its folder, the summary and the data set's path."""
    folder = tmp_path_factory.mktemp("library")
    output = folder / "d.safetensors"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DDSP_RT_CACHE", str(folder / "cache"))
        return folder / "in", prepared(library(folder / "in"), output)[0], output


def test_notes_are_joined_by_themselves_the_same_each_time_and_heard_as_any_recording(joined_library, tmp_path):
    recordings, summary, path = joined_library
    data = PreparedData(path)
    assert summary["recordings"] == 16 and summary["joined"]["notes"] == 16
    assert "16 notes joined into" in describe(summary)
    joined = [index for index in range(len(data)) if data.is_joined(index)]
    assert summary["joined"]["phrases"] == len(joined) == len(data) - 16
    for index in joined:
        table, audio = data.recordings[index], data.read(index, "audio")
        folder = table["room"]
        assert (
            all(name.startswith(folder) for name in table["joined"])
            and table["usable_seconds"] > 0.8 * table["seconds"]
        )
        features = heard(audio)
        for name in ("f0", "periodicity", "loudness", "fast_loudness", "balance"):
            assert np.array_equal(features[name][: data.frames(index)], data.read(index, name)), name
        assert len(find_clicks(audio, RATE)) == 0
    _, again, _ = prepared(recordings, tmp_path / "e.safetensors")
    assert [t["name"] for t in again.recordings] == [t["name"] for t in data.recordings]
    assert all(np.array_equal(again.read(index, "audio"), data.read(index, "audio")) for index in joined)


def test_what_is_held_out_is_in_no_phrase_that_is_trained_on_and_lapses_are_told_of_joined_notes(tmp_path):
    torch = pytest.importorskip("torch")
    from ddsp_rt.training.crops import Crops, TrainingBatches
    from ddsp_rt.training.settings import Settings

    _, data, _ = prepared(library(tmp_path / "in", 20, ["notes"]), tmp_path / "d.safetensors")
    names = {True: set(), False: set()}
    parts = {True: set(), False: set()}
    for index, table in enumerate(data.recordings):
        if data.is_joined(index):
            parts[table["held_out"]] |= set(table["joined"])
        else:
            names[table["held_out"]].add(table["name"])
    assert names[True] and parts[True] and not names[True] & names[False]
    assert parts[True] <= names[True] and parts[False] <= names[False]
    crops = Crops(data, 250, 125)
    windows = {index for index, _ in crops.windows}
    learnt = {index for step in range(300) for index, _ in crops.positions(0, step, 8)}
    assert all(data.recordings[index]["held_out"] for index in windows)
    assert not any(data.recordings[index]["held_out"] for index in learnt)
    assert any(data.is_joined(index) for index in windows) and any(data.is_joined(index) for index in learnt)
    assert not crops.validates_on_training
    assert crops.joined_seconds > crops.seconds > 0
    settings = replace(Settings(), batch=4, lapses=2.0)
    whole = TrainingBatches(crops, settings, 0, 9)[7]
    told, periodicity = whole["told_periodicity"], whole["periodicity"]
    assert torch.all(told <= periodicity) and torch.all(told >= 0.3 * periodicity)
    begun = torch.sum(torch.diff((told < periodicity).int()) > 0) / (periodicity > 0).sum() * 250
    assert 1.0 < begun < 3.5  # a second
    ranks = [TrainingBatches(crops, settings, 0, 9, rank, 2)[7]["told_periodicity"] for rank in range(2)]
    assert torch.equal(told[0::2], ranks[0]) and torch.equal(told[1::2], ranks[1])
    assert "told_periodicity" not in TrainingBatches(crops, replace(settings, lapses=0.0), 0, 9)[7]


def test_what_is_loud_and_high_is_told_of_the_recordings_and_softness_of_all(tmp_path):
    library(tmp_path / "in", floor=3e-4)
    _, with_phrases, _ = prepared(tmp_path / "in", tmp_path / "d.safetensors")
    _, without, _ = prepared(tmp_path / "in", tmp_path / "e.safetensors", from_notes=False)
    assert with_phrases.table["from_notes"] and not without.table["from_notes"]
    assert with_phrases.table["quantiles"] == without.table["quantiles"]
    assert with_phrases.table["gate_db"] < without.table["gate_db"]


def test_only_notes_that_were_let_go_tell_of_a_room_and_a_dry_folder_gets_none(tmp_path):
    pytest.importorskip("lightning")
    from ddsp_rt.training.crops import Crops
    from ddsp_rt.training.rooms import COLOUR, make_rooms

    hall = np.exp(-6.9 * np.arange(RATE) / RATE) * np.random.default_rng(1).standard_normal(RATE)  # T60 of 1 s
    hall[0] = 20.0
    for index in range(6):
        sound = note(52.0 + 2 * index, 0.4, after=0.0, release=0.02)
        length = len(sound) + RATE // 2
        rung = np.fft.irfft(np.fft.rfft(sound, 65_536) * np.fft.rfft(hall, 65_536))[:length] / 20.0
        cut = note(52.5 + 2 * index, 0.4, release=0.0)
        dies = note(53.0 + 2 * index, 0.6, decay=100.0)
        for folder, audio in (("hall", rung), ("cut", cut), ("plucked", dies)):
            (tmp_path / folder).mkdir(exist_ok=True)
            soundfile.write(tmp_path / folder / f"{index}.wav", audio, RATE)
    folders = [tmp_path / folder for folder in ("hall", "cut", "plucked")]
    _, data, _ = prepared(folders, tmp_path / "d.safetensors", from_notes=True)
    assert data.table["rooms"]["hall"] == pytest.approx(1.0, rel=0.2)
    assert data.table["rooms"]["cut"] == data.table["rooms"]["plucked"] == 0.0
    links = {data.recordings[i]["room"]: data.recordings[i] for i in range(len(data)) if data.is_joined(i)}
    assert set(links) == {"hall", "cut", "plucked"}
    rooms = make_rooms(Crops(data, 125, 25), shipped="cut")
    assert rooms.length("hall") > 0.6 * RATE and 0 < rooms.length("plucked") <= COLOUR * RATE
    assert rooms.length("cut") == 0 and not rooms.responses()[rooms.names.index("cut")].any()
    assert rooms.penalty().isfinite()
    _, dry, _ = prepared(tmp_path / "cut", tmp_path / "e.safetensors")
    assert make_rooms(Crops(dry, 125, 25), shipped="cut") is None


def test_a_folder_for_each_note_is_told_to_be_too_many(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}").mkdir()
        soundfile.write(tmp_path / f"{number}" / "note.wav", note(60.0 + number, 0.4), RATE)
    summary, _, lines = prepared(tmp_path, tmp_path / "d.safetensors")
    assert summary["joined"] is None
    assert any("not joined into phrases: no folder has 4" in line and "into one folder" in line for line in lines)


def test_performances_are_not_joined_and_asking_for_it_says_why(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(6):
        melody = [note(55.0 + number + step, 0.4) for step in (0, 4, 7, 2)]
        soundfile.write(folder / f"{number}.wav", np.concatenate(melody), RATE)
    summary, _, _ = prepared(folder, tmp_path / "d.safetensors")
    assert summary["joined"] is None and "joined" not in describe(summary)
    with pytest.raises(DataError, match="--from-notes: no folder has 4"):
        prepared(folder, tmp_path / "d.safetensors", from_notes=True)
    for number in range(6):  # a few notes beside them are joined when asked for
        (folder / "notes").mkdir(exist_ok=True)
        soundfile.write(folder / "notes" / f"{number}.wav", note(60.0 + number, 0.5), RATE)
    assert prepared(folder, tmp_path / "d.safetensors")[0]["joined"] is None
    asked = prepared(folder, tmp_path / "d.safetensors", from_notes=True)[0]["joined"]
    assert asked["notes"] == 6 and asked["phrases"] >= 1


@pytest.mark.usefixtures("short_ends")
def test_a_run_says_that_notes_were_joined_and_refuses_to_be_told_otherwise(joined_library, tmp_path):
    pytest.importorskip("lightning")
    from test_training import QUICK, TINY

    from ddsp_rt.instrument_file import load_instrument
    from ddsp_rt.training import train

    shutil.copy(joined_library[2], tmp_path)
    lines = []
    options = {"settings": QUICK, "decoder": TINY, "steps": 2, "device": "cpu", "report": lines.append}
    result = train(tmp_path / "d.safetensors", tmp_path / "a.ddsp", **options)
    assert result["recordings"] == 16 and result["joined"]["notes"] == 16
    assert any("of phrases joined out of them" in line for line in lines)
    assert load_instrument(tmp_path / "a.ddsp")[0]["training"]["joined"] == result["joined"]
    assert "16 notes joined into" in (tmp_path / "a.md").read_text()
    options |= {"steps": 3}
    with pytest.raises(UsageError, match="--no-from-notes .the run's notes are joined"):
        train(tmp_path / "d.safetensors", tmp_path / "a.ddsp", resume=True, from_notes=False, **options)
    assert train(tmp_path / "d.safetensors", tmp_path / "a.ddsp", resume=True, from_notes=True, **options)["steps"] == 3
    train(tmp_path / "d.safetensors", tmp_path / "hall.ddsp", room="hall", **options)
    metadata, tensors = load_instrument(tmp_path / "hall.ddsp")
    assert metadata["training"]["room"] == "hall" and metadata["architecture"]["reverb"]["length"] > RATE
    assert np.allclose(tensors["reverb.impulse_response"], made_room("hall", RATE), atol=1e-3)
    with pytest.raises(UsageError, match="--no-from-notes: the notes of .* are joined; prepare it again"):
        train(tmp_path / "d.safetensors", tmp_path / "b.ddsp", from_notes=False, **options)


@pytest.mark.usefixtures("short_ends")
def test_what_learnt_from_phrases_plays_as_softly_as_it_is_asked_to(tmp_path):
    """From notes of one loudness alone nobody learns what 40 dB less are."""
    pytest.importorskip("lightning")
    from test_training import QUICK, TINY

    import ddsp_rt
    from ddsp_rt.training import train

    (tmp_path / "in").mkdir()
    for index in range(12):
        soundfile.write(tmp_path / "in" / f"{index}.wav", note(54.0 + index, 0.6, -14.0 - 2 * (index % 3)), RATE)
    settings = replace(QUICK, batch=4, scored=125, preroll=50, interval=60, room_seconds=0.0, detune=0.0)
    quiet = {"report": lambda line: None, "device": "cpu", "settings": settings, "decoder": TINY, "steps": 60}

    def louder(from_notes):
        """dB by which it plays 20 and 40 dB below loud louder than it should, against loud."""
        data, output = (tmp_path / f"{from_notes}.{ending}" for ending in ("safetensors", "ddsp"))
        prepared(tmp_path / "in", data, from_notes=from_notes)
        train(data, output, **quiet)
        levels, played = np.array([0.0, -20.0, -40.0]), []
        for level in levels:
            audio = note(60.0, 1.0, -14.0) * np.float32(10 ** (level / 20))
            output_audio = ddsp_rt.load(output).transfer(audio, RATE, octave=0, loudness=0.0)
            played.append(np.median(heard(output_audio)["loudness"][110:240]))
        return (np.array(played) - played[0] - levels)[1:]

    joined, apart = (float(np.abs(louder(from_notes)).max()) for from_notes in (True, False))
    assert joined < min(8.0, 0.5 * apart), (joined, apart)
