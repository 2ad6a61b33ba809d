"""`ddsp-rt play` and the note door in Python: what a MIDI file says is what sounds."""

import functools
import threading
from pathlib import Path

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.evaluation.clicks import find_clicks

mido = pytest.importorskip("mido")

RATE = 48_000


@pytest.fixture(scope="module")
def violin():
    return ddsp_rt.load("violin")


def write_song(path: Path, *tracks, ticks: int = 480, kind: int = 1) -> Path:
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    for messages in tracks:
        file.tracks.append(mido.MidiTrack(messages))
    file.save(path)
    return path


def note(key: int, ticks: int, velocity: int = 90, channel: int = 0, wait: int = 0):
    return [
        mido.Message("note_on", note=key, velocity=velocity, channel=channel, time=wait),
        mido.Message("note_off", note=key, channel=channel, time=ticks),
    ]


@pytest.fixture
def run(run_here):
    """A function: runs `ddsp-rt play`."""
    return functools.partial(run_here, "play")


def pitches(audio: np.ndarray, start: float, end: float) -> np.ndarray:
    """Cents above A4 of the voiced frames between two moments, seconds."""
    heard = ddsp_rt.analyse(audio[int(start * RATE) : int(end * RATE)], RATE)
    voiced = heard.periodicity >= 0.5
    return 1200 * np.log2(heard.f0[voiced][10:] / 440)


def test_keys_sound_in_tune_and_bends_move_them(violin):
    notes = violin.notes(RATE)
    notes.set("reverb", 0)
    notes.note_on(69)
    held = notes.process(RATE)
    notes.bend(-1.5)
    bent = notes.process(RATE)
    assert abs(np.median(pitches(held, 0.3, 1.0))) < 5
    assert abs(np.median(pitches(bent, 0.3, 1.0)) + 150) < 5


def bare(violin, **parameters):
    """A door whose harmonics alone are heard, and stand still."""
    notes = violin.notes(RATE)
    for name, value in {
        "reverb": 0,
        "noise_gain": -60,
        "life": 0,
        "vibrato_depth": 0,
        "attack": 5,
        **parameters,
    }.items():
        notes.set(name, value)
    notes.reset()  # or they would be reached smoothly
    return notes


def track(audio: np.ndarray):
    """Seconds of each frame, and cents above A4."""
    heard = ddsp_rt.analyse(audio, RATE)
    return np.arange(len(heard.f0)) / 250, 1200 * np.log2(heard.f0 / 440)


def test_eight_voices_are_each_in_tune_100_ms_after_their_key_and_a_chord_is_their_sum(violin):
    keys = range(55, 87, 4)
    alone = []
    for key in keys:
        notes = bare(violin)
        notes.note_on(key, 0.7, channel=1)
        notes.bend(0.25, channel=1)
        alone.append(notes.process(RATE // 2))
        when, cents = track(alone[-1])
        assert np.abs(cents[(when > 0.1) & (when < 0.48)] - 100 * (key - 69) - 25).max() < 5, key
    notes = bare(violin)
    for key in keys:
        notes.note_on(key, 0.7, channel=1)
    notes.bend(0.25, channel=1)
    np.testing.assert_allclose(notes.process(RATE // 2), np.sum(alone, axis=0), atol=1e-5)


def test_a_glide_is_heard_as_it_was_asked(violin):
    notes = bare(violin, glide=200, legato=1)
    notes.note_on(69)
    notes.process(RATE // 2)
    notes.note_on(72)
    when, cents = track(notes.process(RATE))
    for passed in (0.1, 0.2, 0.4):
        wanted = 300 * (1 - np.exp(-3 * passed / 0.2))  # 95 % there in the glide time
        heard = np.interp(passed + 0.004 + 0.008, when, cents)  # a frame's delay, and the tracker's at this pitch
        assert abs(heard - wanted) < 12, passed
    assert abs(cents[when > 0.6] - 300).max() < 5


def test_vibrato_sounds_at_its_rate_and_depth(violin):
    notes = bare(violin, vibrato_rate=5, vibrato_depth=30, vibrato_delay=0)
    notes.note_on(69)
    when, cents = track(notes.process(5 * RATE))
    when, cents = when[125:-25], cents[125:-25]

    def swing(rate):
        return 2 * abs(np.mean(cents * np.hanning(len(when)) * 2 * np.exp(-2j * np.pi * rate * when)))

    rates = np.arange(4, 6, 0.005)
    heard = max(rates, key=swing)
    assert heard == pytest.approx(5, rel=0.02)
    assert swing(heard) == pytest.approx(30, rel=0.05)
    assert abs(np.mean(cents)) < 5


def test_blocks_of_any_size_give_the_same_samples(violin):
    def play(size: int) -> np.ndarray:
        notes = violin.notes(RATE)
        said, blocks = {1000: ("note_on", 67), 5000: ("note_on", 71), 9000: ("note_off", 67)}, []
        for start in range(0, 12_000, size):
            for at, (what, key) in said.items():
                if start <= at < start + size:
                    getattr(notes, what)(key, offset=at - start)
            blocks.append(notes.process(min(size, 12_000 - start)))
        return np.concatenate(blocks)

    whole = play(12_000)
    assert np.abs(whole).max() > 1e-3
    for size in (64, 777):
        np.testing.assert_array_equal(play(size), whole)


def test_a_second_thread_is_refused_in_one_line_whatever_it_asks(violin):
    notes, refused, started = violin.notes(RATE), {}, threading.Event()

    def play():
        started.set()
        while len(refused) < 2:
            notes.process(RATE)

    first = threading.Thread(target=play, daemon=True)
    first.start()
    started.wait()
    for name, ask in (("reset", notes.reset), ("process", lambda: notes.process(0))):
        while name not in refused:
            try:
                ask()
            except UsageError as error:
                refused[name] = str(error)
    first.join()
    assert all("thread" in line and "\n" not in line for line in refused.values())


def storm(notes, count, seed):
    """As many events of every kind, a block at a time, then a second in which all are off."""
    random = np.random.default_rng(seed)
    played, kinds = [], ("note_on", "note_off", "bend", "pressure", "timbre", "expression", "sustain", "off", "silence")
    while count > 0:
        samples = int(random.integers(1, notes.sample_rate // 8))
        shares = [0.4, 0.25, 0.08, 0.06, 0.06, 0.06, 0.05, 0.02, 0.02]
        for kind in random.choice(kinds, int(random.integers(0, 160)), p=shares):
            place = {"channel": int(random.integers(4)), "offset": int(random.integers(samples))}
            amount, key = float(random.uniform(0.01, 1)), int(random.integers(50, 90))
            match kind:
                case "note_on":
                    notes.note_on(key, amount, **place)
                case "note_off":
                    notes.note_off(key, **place)
                case "sustain":
                    notes.sustain(amount > 0.5, **place)
                case "off":
                    notes.all_notes_off(**place)
                case "silence":
                    notes.all_sound_off(**place)
                case _:
                    getattr(notes, kind)(amount, **place)
            count -= 1
        played.append(notes.process(samples))
    notes.set("release", 50.0)
    notes.all_notes_off()
    played.append(notes.process(notes.sample_rate))
    return np.concatenate(played)


@pytest.mark.parametrize(("rate", "attack"), [(44_100, 0.0), (48_000, 5.0), (48_000, None)])
def test_thousands_of_events_leave_no_note_hanging_and_no_click(violin, rate, attack):
    """Steals and keys struck again at full level among them."""
    notes = violin.notes(rate)
    if attack is not None:
        notes.set("attack", attack)
    audio = storm(notes, 3400, seed=rate)
    assert np.abs(audio[: -2 * rate]).max() > 0.1
    assert len(find_clicks(audio, rate)) == 0
    assert notes.sounding() == []


def above_the_band(audio, rate):
    """The largest sample of what lies above everything that a model of 48 kHz plays."""
    spectrum = np.fft.rfft(audio)
    spectrum[np.fft.rfftfreq(len(audio), 1 / rate) < 25_500] = 0
    return np.abs(np.fft.irfft(spectrum, len(audio))).max()


@pytest.mark.parametrize(("attack", "seed"), [(0.0, 12), (0.0, 0), (None, 11)])
def test_nothing_of_a_storm_lies_above_the_band_as_a_step_would(violin, attack, seed):
    """Storms in which the detector of clicks, at half the rate, takes a lone steep flank of a tone for one."""
    rate = 96_000
    notes = violin.notes(rate)
    notes.set("reverb", 0.0)
    notes.set("noise_gain", -60.0)  # mutes it: of noise a little does lie there
    if attack is not None:
        notes.set("attack", attack)
    audio = storm(notes, 1700, seed)
    assert np.abs(audio).max() > 0.1
    assert above_the_band(audio, rate) < 1e-5
    audio[len(audio) // 3 :] += 1e-4  # what nobody would hear is found
    assert above_the_band(audio, rate) > 1e-5


def test_silence_stays_silent_and_a_tail_ends(violin):
    notes = violin.notes(RATE)
    assert not notes.process(10_000).any()
    notes.note_on(69)
    notes.process(RATE // 2)
    tail = notes.tail()
    assert 0.1 * RATE < len(tail) < 10 * RATE
    assert np.abs(tail[-2:]).max() >= 1e-4


def test_what_cannot_be_said_is_refused_in_one_line(violin):
    notes = violin.notes(RATE)
    for say in (
        lambda: notes.note_on(128),
        lambda: notes.note_on(60, velocity=0),
        lambda: notes.note_on(60, channel=16),
        lambda: notes.bend(float("nan")),
        lambda: notes.pressure(2),
        lambda: notes.note_off(60, offset=-1),
        lambda: notes.midi(b""),
        lambda: notes.process(-1),
        lambda: notes.process(2.5),
        lambda: notes.set("loudness_of_the_moon", 1),
        lambda: notes.get("loudness_of_the_moon"),
        lambda: notes.note_on("A4"),
        lambda: notes.note_on(69.5),
        lambda: notes.note_on(None),
        lambda: notes.note_on(60, velocity="loud"),
        lambda: notes.note_on(60, channel=1.5),
        lambda: notes.note_on(60, offset=1.5),
        lambda: notes.note_on(60, offset=None),
        lambda: notes.bend("up"),
        lambda: notes.pressure(None),
        lambda: notes.midi("abc"),
        lambda: notes.midi([144, 69, 300]),
        lambda: notes.midi(3),
        lambda: notes.midi(bytes(4)),
        lambda: notes.set("attack", "slow"),
        lambda: notes.set("attack", None),
        lambda: notes.set(1, 40),
        lambda: notes.get(None),
        lambda: notes.set_bend_range("wide"),
    ):
        with pytest.raises(UsageError) as caught:
            say()
        assert "\n" not in str(caught.value)


def test_a_song_is_played_in_time_with_its_tempo_changes(tmp_path, run):
    tempo = [
        mido.MetaMessage("set_tempo", tempo=500_000, time=0),  # a quarter note is 0.5 s
        mido.MetaMessage("set_tempo", tempo=1_000_000, time=480),  # and then 1 s
    ]
    song = write_song(tmp_path / "song.mid", tempo, [*note(69, 480), *note(76, 480)])
    done = run(song, "--to", "violin", "-o", tmp_path / "song.wav", "--set", "reverb=0", "--figure", tmp_path / "s.png")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (tmp_path / "s.png").stat().st_size > 10_000
    audio, rate = ddsp_rt.read_audio(tmp_path / "song.wav")
    assert rate == RATE
    assert abs(np.median(pitches(audio, 0.2, 0.48))) < 10
    assert abs(np.median(pitches(audio, 0.8, 1.45)) - 700) < 10
    assert np.abs(audio[int(1.52 * RATE) + RATE :]).max(initial=0) < 1e-3  # released at 1.5 s


def test_drums_crowds_and_notes_out_of_range_are_named(tmp_path, run):
    chord = [mido.Message("note_on", note=60 + 3 * i, velocity=80, time=0) for i in range(10)]
    low = note(20, 240, wait=480)
    song = write_song(tmp_path / "s.mid", [*chord, *low, *note(40, 10, channel=9)], kind=0)
    done = run(song, "--to", "violin", "-o", tmp_path / "s.wav")
    assert done.returncode == 0, done.stderr
    assert "1 of 11 notes lies below the instrument's range" in done.stderr
    assert "1 drum note (channel 10) is left out; --channel 10 plays it" in done.stderr
    assert "11 notes are down at once" in done.stderr or "10 notes are down at once" in done.stderr


def test_octaves_bring_a_low_song_into_the_range(tmp_path, run):
    song = write_song(tmp_path / "low.mid", [*note(45, 480), *note(47, 480)])
    done = run(song, "--to", "violin", "-o", tmp_path / "low.wav", "--octave", "auto")
    assert done.returncode == 0
    assert "shifted by +1 octave" in done.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "not a MIDI file"), (b"RIFF1234WAVEfmt ", "not a MIDI file"), (b"MThd\0\0\0\6\0\1", "not a MIDI file")],
)
def test_files_that_are_no_songs_are_refused_in_one_line(tmp_path, content, said, run):
    (tmp_path / "x.mid").write_bytes(content)
    done = run(tmp_path / "x.mid", "--to", "violin", "-o", tmp_path / "x.wav")
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "x.wav").exists()


def test_mistakes_on_the_command_line_are_refused(tmp_path, run):
    song = write_song(tmp_path / "s.mid", note(69, 100))
    for wrong in (
        ["--channel", 17],
        ["--octave", "x"],
        ["--set", "attack"],
        ["--set", "nothing=1"],
        ["--set", "attack=100000"],
        ["--set", "attack=nan"],
        ["--set", "reverb=-1"],
        ["--bend-range", -1],
    ):
        done = run(song, "--to", "violin", "-o", tmp_path / "s.wav", *wrong)
        assert done.returncode == 2, wrong
        assert len(done.stderr.splitlines()) == 1
    assert run(tmp_path / "none.mid", "--to", "violin").returncode == 1


def test_a_song_without_notes_says_so(tmp_path):
    from ddsp_rt.midi_file import read_song

    write_song(tmp_path / "s.mid", [mido.MetaMessage("track_name", name="empty")])
    with pytest.raises(DataError, match="no notes"):
        read_song(tmp_path / "s.mid")
