"""Bad input through the real command: one clear line that names the file, the right exit code, the good work done."""

import contextlib
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import tiny_metadata, tiny_tensors

import ddsp_rt
from ddsp_rt.audio import AudioReader
from ddsp_rt.cli import main
from ddsp_rt.errors import DataError
from ddsp_rt.instrument_file import save_instrument

ROOT = Path(__file__).parents[1]
RATE = 16_000


@pytest.fixture
def play(instrument_path, tmp_path, capsys, monkeypatch):
    """Run `ddsp-rt transfer ARGUMENTS --to tiny` in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, to=instrument_path):
        code = main(["transfer", *map(str, arguments), "--to", str(to)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def one_line(text, *words):
    assert text.count("\n") == 1 and text.startswith("ddsp-rt: "), text
    for word in words:
        assert word in text, text
    return True


def make_bad(kind, path):
    """Write a bad file; return the word that the error must hold."""
    random = np.random.default_rng(1)
    if kind == "missing":
        return "no such file"
    if kind == "empty":
        path.write_bytes(b"")
        return "empty"
    if kind == "without samples":
        soundfile.write(path, np.zeros(0), RATE)
        return "no samples"
    if kind == "text":
        path.write_text("words, not sound\n" * 100)
        return "not audio"
    if kind == "random":
        path.write_bytes(random.bytes(50_000))
        return "not audio"
    if kind in ("no channels", "no sample size"):
        soundfile.write(path, np.ones(100), RATE)
        data = bytearray(path.read_bytes())
        struct.pack_into("<H", data, 22 if kind == "no channels" else 34, 0)
        path.write_bytes(data)
        return "bad.wav" if path.name == "bad.wav" else kind
    if kind == "folder":
        path.mkdir()
        return "folder"
    raise AssertionError(kind)


BAD = ["missing", "empty", "without samples", "text", "random", "no channels", "no sample size", "folder"]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_named_in_one_line(play, tmp_path, kind):
    word = make_bad(kind, tmp_path / "bad.wav")
    code, out, err = play("bad.wav", "-o", "out.wav")
    assert code == 1 and out == "" and one_line(err, "bad.wav", word)
    assert not (tmp_path / "out.wav").exists()


def test_bad_ones_among_several_are_named_skipped_and_counted(play, tmp_path, tone):
    for kind in BAD:
        make_bad(kind, tmp_path / f"{kind}.wav")
    soundfile.write("good.wav", tone(), RATE)
    soundfile.write("fine.flac", tone(), RATE)
    code, _out, err = play("good.wav", *(f"{kind}.wav" for kind in BAD), "fine.flac", "-o", "made")
    assert code == 1
    assert sorted(os.listdir("made")) == ["fine-tiny.wav", "good-tiny.wav"]
    folder, *lines = err.splitlines()
    assert folder.startswith("note: left out") and "folder.wav" in folder
    assert len(lines) == len(BAD)
    for kind, line in zip(BAD, lines[:-1]):
        assert f"{kind}.wav" in line and "skipped" in line
    assert f"{len(BAD) - 1} of {len(BAD) + 1}" in lines[-1] and "2 done" in lines[-1]


ODD = {
    "silent": np.zeros(RATE),
    "constant": np.full(RATE, 0.5),
    "clipped": np.clip(5 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE), -1, 1),
    "not a number": np.full(RATE, np.nan),
    "one sample": np.array([0.5]),
    "a tenth of a second": 0.3 * np.sin(2 * np.pi * 220 * np.arange(RATE // 10) / RATE),
    "polyphonic": sum(0.2 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE) for hertz in (220, 277, 330, 466)),
    "noise": np.random.default_rng(0).uniform(-0.5, 0.5, RATE),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_audio_is_played_all_the_same(play, kind):
    soundfile.write("odd.wav", ODD[kind], RATE, subtype="FLOAT")
    code, out, err = play("odd.wav", "-o", "out.wav", "--bit-depth", "float")
    assert code == 0 and out.startswith("out.wav: ") and "Traceback" not in err
    made, rate = soundfile.read("out.wav")
    assert rate == RATE and np.isfinite(made).all()
    assert len(ODD[kind]) <= len(made) <= len(ODD[kind]) + 20 * RATE


@pytest.mark.parametrize("kind", ["silent", "not a number"])
def test_silence_stays_exactly_silent_and_is_told(play, kind):
    soundfile.write("odd.wav", ODD[kind], RATE, subtype="FLOAT")
    code, _, err = play("odd.wav", "-o", "out.wav")
    made, _ = soundfile.read("out.wav")
    assert code == 0 and not made.any() and len(made) == RATE
    assert "no pitch" in err
    if kind == "not a number":
        assert "16000 samples are not a number" in err


def test_several_notes_at_once_are_told_and_one_line_is_not(play):
    def note(hertz):
        t = np.arange(3 * RATE) / RATE
        return sum(0.1 / h * np.sin(2 * np.pi * h * hertz * t) for h in range(1, 9))

    for name, audio, told in (("third.wav", note(220) + note(277), True), ("note.wav", note(220), False)):
        soundfile.write(name, audio, RATE)
        code, _, err = play(name, "-o", "out.wav")
        assert code == 0 and ("several notes at once" in err) == told


def test_clipping_is_told(play):
    soundfile.write("odd.wav", ODD["clipped"], RATE, subtype="PCM_16")
    code, _, err = play("odd.wav", "-o", "out.wav")
    assert code == 0 and "clipped" in err and "odd.wav" in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--octave", "5"], "-4 to 4"),
        (["--octave", "half"], "whole number"),
        (["--octave", "1.5"], "whole number"),
        (["--loudness", "loud"], "auto"),
        (["--loudness", "nan"], "auto"),
        (["--reverb", "3"], "0 to 2"),
        (["--reverb", "much"], "--reverb"),
        (["--sample-rate", "7999"], "8000"),
        (["--sample-rate", "cd"], "--sample-rate"),
        (["--bit-depth", "12"], "16, 24, float"),
        (["-o", "out.mp3"], ".wav"),
        (["-o", "good.wav"], "replace"),
        (["-o", "./sub/../good.wav"], "replace"),
        (["-o", "link.wav"], "replace"),
        (["--figure", "picture.doc"], ".png"),
        (["--figure", "good.wav"], ".png"),
        (["--fast"], "--fast"),
        (["other.wav", "-o", "one.wav"], "folder"),
    ],
)
def test_bad_use_is_told_before_anything_is_made(play, tmp_path, tone, arguments, word):
    soundfile.write("good.wav", tone(), RATE)
    soundfile.write("other.wav", tone(), RATE)
    os.mkdir("sub")
    os.symlink("good.wav", "link.wav")
    before = (tmp_path / "good.wav").read_bytes()
    code, out, err = play("good.wav", *arguments)
    assert code == 2 and out == "" and one_line(err, word)
    assert (tmp_path / "good.wav").read_bytes() == before
    assert sorted(os.listdir()) == ["good.wav", "link.wav", "other.wav", "sub"]


def test_an_output_folder_of_the_inputs_is_safe(play, tone):
    """Names of results never meet those of inputs, whatever the folder; equal stems get numbers."""
    os.mkdir("sub")
    for name in ("a.wav", "a.flac", "sub/a.wav"):
        soundfile.write(name, tone(), RATE)
    code, _, _ = play("a.wav", "a.flac", "sub/a.wav", "-o", ".")
    assert code == 0
    assert sorted(os.listdir()) == ["a-tiny-2.wav", "a-tiny-3.wav", "a-tiny.wav", "a.flac", "a.wav", "sub"]


def test_an_unknown_instrument_says_which_exist(play, instrument_path, monkeypatch, tone):
    monkeypatch.setenv("DDSP_RT_PATH", str(instrument_path.parent))
    soundfile.write("good.wav", tone(), RATE)
    installed = sorted(["tiny", *(path.stem for path in (ROOT / "instruments").glob("*.ddsp"))])
    code, _, err = play("good.wav", to="tinny")
    assert code == 2 and one_line(err, "'tinny'", f"Did you mean 'tiny'? Installed: {', '.join(installed)}.")
    code, _, err = play("good.wav", to="./nowhere.ddsp")
    assert code == 2 and one_line(err, "nowhere.ddsp", "no such")
    assert play("good.wav", to="tiny")[0] == 0


def spoil(kind, path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = data[8 : 8 + length]
    if kind == "empty":
        data = b""
    elif kind == "cut in its length":
        data = data[:5]
    elif kind == "cut in its header":
        data = data[: length // 2]
    elif kind == "cut in its weights":
        data = data[: (8 + length + len(data)) // 2]
    elif kind == "huge header":
        data = struct.pack("<Q", 1 << 62) + data[8:]
    elif kind == "header beyond the file":
        data = struct.pack("<Q", len(data)) + data[8:]
    elif kind == "random":
        data = np.random.default_rng(2).bytes(100_000)
    elif kind == "text":
        data = b"not an instrument\n" * 1000
    elif kind == "other safetensors":
        other = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
        data = struct.pack("<Q", len(other)) + other + bytes(4)
    elif kind == "version 9":
        data = data[:8] + header.replace(rb"\"format_version\": 1", rb"\"format_version\": 9") + data[8 + length :]
    elif kind == "wrong type":
        data = data[:8] + header.replace(b'"F16"', b'"I16"') + data[8 + length :]
    elif kind == "impossible size":
        data = data[:8] + header.replace(rb"\"gru\": 16", rb"\"gru\":-16") + data[8 + length :]
    elif kind == "enormous size":
        data = data[:8] + header.replace(rb"\"harmonics\": 30", rb"\"harmonics\":1e9") + data[8 + length :]
    path.write_bytes(data)


SPOILT = [
    "empty", "cut in its length", "cut in its header", "cut in its weights", "huge header", "header beyond the file",
    "random", "text", "other safetensors", "version 9", "wrong type", "impossible size", "enormous size",
]  # fmt: skip


@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_instrument_is_refused_in_one_line(play, tmp_path, capsys, tone, kind):
    soundfile.write("good.wav", tone(), RATE)
    metadata = tiny_metadata()
    save_instrument("spoilt.ddsp", tiny_tensors(metadata), metadata)
    whole = (tmp_path / "spoilt.ddsp").read_bytes()
    spoil(kind, tmp_path / "spoilt.ddsp")
    assert (tmp_path / "spoilt.ddsp").read_bytes() != whole
    code, _, err = play("good.wav", "-o", "out.wav", to="./spoilt.ddsp")
    assert code == 1 and one_line(err, "spoilt.ddsp")
    assert not os.path.exists("out.wav")
    assert main(["info", "./spoilt.ddsp"]) == 1 and one_line(capsys.readouterr().err, "spoilt.ddsp")


def test_random_changes_to_an_instrument_never_crash(instrument_path, tmp_path):
    """Bytes changed at random: the file plays or is refused with a line, in a process with little memory."""
    script = """
import sys, resource, numpy as np
import ddsp_rt
from ddsp_rt.errors import DataError
limit = 2 << 30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
data = np.frombuffer(open(sys.argv[1], "rb").read(), np.uint8)
random = np.random.default_rng(4)
refused = 0
for _ in range(300):
    spoilt = data.copy()
    where = random.integers(0, random.choice([16, 4000, len(data)]), random.integers(1, 4))
    spoilt[where] = random.integers(0, 256, len(where))
    spoilt[: random.choice([len(data), random.integers(0, len(data))])].tofile(sys.argv[2])
    try:
        ddsp_rt.Instrument(sys.argv[2])
    except DataError as error:
        assert "\\n" not in str(error)
        refused += 1
print(refused)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, instrument_path, tmp_path / "x.ddsp"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 150


def command(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "ddsp_rt.cli", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


@pytest.mark.parametrize("depth", ["16", "float"])
def test_a_full_disk_keeps_the_old_file(instrument_path, tmp_path, tone, depth):
    """A limit on file size refuses the write half-way, as a full disk does."""
    soundfile.write(tmp_path / "good.wav", tone(seconds=3), RATE)
    (tmp_path / "out.wav").write_bytes(b"the old file")

    def limit():
        return resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    run = command(
        "transfer",
        "good.wav",
        "--to",
        instrument_path,
        "-o",
        "out.wav",
        "--bit-depth",
        depth,
        cwd=tmp_path,
        preexec_fn=limit,
    )
    out, err = run.communicate()
    assert run.returncode == 1 and out == "" and one_line(err, "out.wav", "too large")
    assert (tmp_path / "out.wav").read_bytes() == b"the old file"
    assert sorted(os.listdir(tmp_path)) == ["good.wav", "out.wav"]


FORMATS = [("WAV", "PCM_16"), ("AIFF", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("CAF", "PCM_16"),
           ("AU", "PCM_16"), ("W64", "PCM_16"), ("MP3", "MPEG_LAYER_III"), ("RF64", "PCM_16")]  # fmt: skip


@pytest.mark.parametrize(("kind", "subtype"), FORMATS, ids=[kind for kind, _ in FORMATS])
def test_random_changes_to_a_sound_file_are_read_or_refused(tmp_path, tone, capfd, kind, subtype):
    path, dice = tmp_path / "take.wav", random.Random(kind)
    soundfile.write(path, tone(seconds=0.1), RATE, format=kind, subtype=subtype)
    whole = path.read_bytes()
    for _ in range(15):
        data = bytearray(whole)
        for _ in range(dice.choice((1, 2, 10))):
            place = dice.randrange(min(len(data), dice.choice((48, 200, 5000))))
            data[place] = dice.choice((0, 255, dice.randrange(256)))
        path.write_bytes(data[: dice.randrange(len(data))] if dice.random() < 0.2 else data)
        with contextlib.suppress(DataError):
            audio, rate = ddsp_rt.read_audio(path)
            assert np.isfinite(audio).all() and rate > 0
    assert capfd.readouterr() == ("", "")


def test_a_file_that_becomes_another_while_it_is_read_is_damaged(tmp_path, tone):
    soundfile.write(tmp_path / "take.wav", tone(), RATE)
    with AudioReader(tmp_path / "take.wav") as reader:
        with open(tmp_path / "take.wav", "r+b") as file:
            file.write(b"something else")
        with pytest.raises(DataError, match="take.wav"):
            list(reader.blocks())


def test_an_output_below_a_file_says_so(play, tmp_path, tone):
    soundfile.write("take.wav", tone(), RATE)
    code, _, err = play("take.wav", "-o", "take.wav/out.wav")
    assert code == 1 and one_line(err, "take.wav is a file, not a folder")


def test_an_output_where_nothing_can_be_written(play, tone):
    soundfile.write("good.wav", tone(), RATE)
    code, _, err = play("good.wav", "-o", "good.wav/out.wav")
    assert code == 1 and one_line(err, "good.wav/out.wav")


def long_performance(path, minutes, rate=8_000):
    """Sung for ten seconds, then silence."""
    with soundfile.SoundFile(path, "w", rate, 1, "PCM_16", format="WAV") as file:
        file.write(0.3 * np.sin(2 * np.pi * 220 * np.arange(10 * rate) / rate))
        for _ in range(6 * minutes - 1):
            file.write(np.zeros(10 * rate, np.int16))


def test_control_c_leaves_nothing_half_made(instrument_path, tmp_path):
    long_performance(tmp_path / "long.wav", minutes=5)
    (tmp_path / "out.wav").write_bytes(b"the old file")

    def listen():
        return signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job may have it ignored

    run = command("transfer", "long.wav", "--to", instrument_path, "-o", "out.wav", cwd=tmp_path, preexec_fn=listen)
    while not list(tmp_path.glob(".ddsp-rt-*.part")) and run.poll() is None:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate()
    assert run.returncode == 130 and out == "" and one_line(err, "stopped")
    assert (tmp_path / "out.wav").read_bytes() == b"the old file"
    assert sorted(os.listdir(tmp_path)) == ["long.wav", "out.wav"]


@pytest.mark.slow
def test_an_hour_takes_the_memory_of_a_minute(instrument_path, tmp_path):
    long_performance(tmp_path / "hour.wav", minutes=60)
    script = (
        "import sys; from ddsp_rt.cli import main; code = main(sys.argv[1:])\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))); sys.exit(code)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, "transfer", "hour.wav", "--to", instrument_path, "-o", "out.wav"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert soundfile.info(tmp_path / "out.wav").frames >= 3600 * 8_000
    assert int(run.stdout.splitlines()[-1]) < 300_000  # KiB; the samples alone would be 115 MB in, 115 MB out
