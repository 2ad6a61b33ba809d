"""Audio files: what is read is what was recorded; what is written is whole and exact to its bit depth, or not there."""

import os
import resource
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from ddsp_rt.audio import AudioReader, AudioWriter, read_audio, write_audio
from ddsp_rt.errors import DataError, UsageError


def tone(rate=44_100, seconds=0.5, level=0.5, hertz=440.0):
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


KINDS = [
    ("wav", 1, 1e-4),
    ("wav", 6, 1e-4),
    ("flac", 2, 1e-4),
    ("aiff", 1, 1e-4),
    ("ogg", 2, 0.05),
    ("mp3", 1, 0.05),
    ("mp3", 2, 0.05),
]


@pytest.mark.parametrize(("suffix", "channels", "tolerance"), KINDS)
def test_every_format_reads_as_the_mean_of_its_channels(tmp_path, suffix, channels, tolerance):
    path = tmp_path / f"a.{suffix}"
    gains = np.linspace(0.2, 1.0, channels)
    soundfile.write(path, tone()[:, None] * gains, 44_100)
    audio, rate = read_audio(path)
    assert rate == 44_100 and audio.dtype == np.float32 and audio.ndim == 1
    middle = slice(4000, 18_000)
    assert np.abs(audio[middle] - gains.mean() * tone()[middle]).max() < tolerance


def test_not_a_number_counts_as_silence_and_is_reported(tmp_path):
    path = tmp_path / "nan.wav"
    audio = tone()
    audio[100:110] = np.nan
    audio[200] = np.inf
    soundfile.write(path, audio, 44_100, subtype="FLOAT")
    lines = []
    read, _ = read_audio(path, report=lines.append)
    assert np.isfinite(read).all() and not read[100:110].any() and read[200] == 0
    assert read[50] == audio[50]
    assert len(lines) == 1 and "nan.wav" in lines[0] and "11 samples" in lines[0]


def test_blocks_may_be_read_twice(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(seconds=4), 44_100)
    with AudioReader(path) as reader:
        first = np.concatenate(list(reader.blocks()))
        assert np.array_equal(first, np.concatenate(list(reader.blocks())))
        assert reader.frames_read == len(first) == reader.frames


@pytest.mark.parametrize(("depth", "tolerance"), [("16", 1.6 / 32768), ("24", 0.51 / 8388608), ("float", 0)])
def test_samples_come_back_within_the_bit_depth(tmp_path, depth, tolerance):
    path = tmp_path / "a.wav"
    assert write_audio(path, tone(), 48_000, depth) == 0
    audio, rate = read_audio(path)
    assert rate == 48_000
    assert np.abs(audio - tone()).max() <= tolerance


def test_sixteen_bit_dither_makes_the_error_independent_of_the_signal(tmp_path):
    # A tone a third of a step high vanishes when merely rounded; with dither its mean survives.
    path = tmp_path / "quiet.wav"
    level = 0.3 / 32768
    write_audio(path, np.full(100_000, level, np.float32), 48_000)
    audio, _ = read_audio(path)
    assert audio.mean() == pytest.approx(level, rel=0.05)


def test_digital_silence_stays_silent_and_equal_audio_gives_equal_files(tmp_path):
    write_audio(tmp_path / "s.wav", np.zeros(1000, np.float32), 48_000)
    assert not read_audio(tmp_path / "s.wav")[0].any()
    for name in ("a.wav", "b.wav"):
        write_audio(tmp_path / name, tone(), 48_000)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_too_loud_audio_is_turned_down_whole_in_integers_and_kept_in_float(tmp_path):
    loud = tone(level=2.0)
    gain = write_audio(tmp_path / "a.wav", loud, 48_000, "16")
    assert gain == pytest.approx(-6.02, abs=0.01)
    audio, _ = read_audio(tmp_path / "a.wav")
    assert np.abs(audio - loud / 2).max() < 2e-4  # the shape is kept: nothing is cut off
    assert write_audio(tmp_path / "f.wav", loud, 48_000, "float") == 0
    assert np.array_equal(read_audio(tmp_path / "f.wav")[0], loud)


def test_an_unfinished_file_leaves_the_old_one_and_no_litter(tmp_path):
    path = tmp_path / "a.wav"
    write_audio(path, tone(), 48_000)
    before = path.read_bytes()

    def broken_off():
        with AudioWriter(path, 48_000) as writer:
            writer.write(tone())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.wav"]


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path, name):
    """A limit on file size stops the write as a full disk does: part of the bytes go in, the rest are refused."""
    path = tmp_path / name
    write_audio(path, tone(), 48_000)
    before = path.read_bytes()
    script = (
        "import sys, numpy as np; from ddsp_rt.audio import write_audio; from ddsp_rt.errors import DataError\n"
        "noise = np.random.default_rng(0).uniform(-1, 1, 500_000).astype(np.float32)\n"
        "try: write_audio(sys.argv[1], noise, 48_000)\n"
        "except DataError as error: print(error)\n"
    )

    def limit():
        return resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, preexec_fn=limit)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1 and name in done.stdout and "too large" in done.stdout
    assert path.read_bytes() == before and os.listdir(tmp_path) == [name]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "a.wav"
    link.symlink_to(tmp_path / "real" / "b.wav")
    write_audio(link, tone(), 48_000)
    assert link.is_symlink() and read_audio(tmp_path / "real" / "b.wav")[1] == 48_000


@pytest.mark.parametrize(
    ("name", "depth", "says"),
    [
        ("a.mp3", "16", ".wav"),
        ("a", "16", ".wav"),
        ("a.wav", "32", "float"),
        ("a.flac", "float", "24"),
        ("", "16", "end the name"),
    ],
)
def test_what_cannot_be_written_is_bad_use(tmp_path, name, depth, says):
    with pytest.raises(UsageError, match=says):
        write_audio(tmp_path / name, tone(), 48_000, depth)


def test_a_device_is_never_replaced(tmp_path):
    (tmp_path / "x.wav").symlink_to("/dev/null")
    with pytest.raises(UsageError, match="regular"):
        write_audio(tmp_path / "x.wav", tone(), 48_000)
    assert not os.path.isfile("/dev/null")


def bad_files(folder):
    """Name -> what the error must say. Made in `folder`."""
    random = np.random.default_rng(3)
    (folder / "empty.wav").write_bytes(b"")
    soundfile.write(folder / "zero.wav", np.zeros(0), 44_100)
    (folder / "text.wav").write_text("these are words\n" * 50)
    (folder / "random.mp3").write_bytes(random.bytes(20_000))
    (folder / "random.flac").write_bytes(b"fLaC" + random.bytes(20_000))
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "pipe.wav")
    soundfile.write(folder / "rate.wav", np.zeros(100), 7)
    return {
        "missing.wav": "no such file",
        "empty.wav": "empty",
        "zero.wav": "no samples",
        "text.wav": "not audio",
        "random.mp3": "not audio",
        "random.flac": "not audio",
        "folder.wav": "folder",
        "pipe.wav": "regular",
        "rate.wav": "rate",
    }


def test_bad_files_are_named_in_one_line(tmp_path):
    for name, says in bad_files(tmp_path).items():
        with pytest.raises(DataError, match=says) as caught:
            read_audio(tmp_path / name)
        assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_header_that_claims_hours_costs_nothing(tmp_path):
    path = tmp_path / "claims.wav"
    soundfile.write(path, tone(), 44_100, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    where = data.index(b"data") + 4
    data[where : where + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    path.write_bytes(data)
    audio, _ = read_audio(path)
    assert len(audio) == len(tone())


def test_the_decoder_says_nothing_of_its_own(tmp_path):
    """libmpg123 writes to file descriptor 2; the one line is ours."""
    soundfile.write(tmp_path / "whole.mp3", np.random.default_rng(0).uniform(-0.3, 0.3, 200_000), 44_100)
    whole = (tmp_path / "whole.mp3").read_bytes()
    (tmp_path / "cut.mp3").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "hole.mp3").write_bytes(whole[:10_000] + bytes(3000) + whole[13_000:])
    (tmp_path / "random.mp3").write_bytes(np.random.default_rng(1).bytes(50_000))
    script = (
        "import sys; from ddsp_rt.audio import read_audio; from ddsp_rt.errors import DataError\n"
        "for path in sys.argv[1:]:\n"
        "    try: read_audio(path, report=print)\n"
        "    except DataError as error: print(error)\n"
    )
    names = [str(tmp_path / name) for name in ("cut.mp3", "hole.mp3", "random.mp3")]
    done = subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True)
    cut, hole, noise = done.stdout.splitlines()
    assert done.stderr == ""
    assert "cut short" in cut and "damaged, only the first" in hole and "not audio" in noise
