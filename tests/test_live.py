"""`ddsp-rt live` on a sound card that is not there: what is sung comes out as a violin, as late as it says."""

import importlib.util
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from jack_server import BLOCK, RATE, JackPlayer, JackServer, is_installed

import ddsp_rt
from ddsp_rt import _engine
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.live.devices import Device, choose

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "ddsp_rt", "live", "--to", "violin"]

try:
    import jack  # noqa: F401
    import rtmidi  # noqa: F401
    import sounddevice  # noqa: F401

    MISSING = "" if is_installed() else "jackd is not installed (make test installs it on Debian)"
except (ImportError, OSError) as error:
    MISSING = f"{error} (make test installs it)"
on_jack = pytest.mark.skipif(bool(MISSING), reason=MISSING or "nothing is missing")


@pytest.fixture
def server():
    with JackServer() as server:
        yield server


def listen() -> None:
    """Let Ctrl-C be heard: tests that were started in the background, and their children, may have it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Live:
    """The command, started; `line` is the first thing it said."""

    def __init__(self, server: JackServer, *options: object, folder: Path | None = None):
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, options)], env=server.environment, cwd=folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=listen,
        )  # fmt: skip
        readable, _, _ = select.select([self.process.stdout], [], [], 60)
        self.line = self.process.stdout.readline() if readable else ""
        assert "Ctrl-C ends" in self.line, self.end(signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def end(self, how: int = signal.SIGINT) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def phrase(seconds: float) -> np.ndarray:
    import soxr

    audio, rate = ddsp_rt.read_audio(ROOT / "examples" / "sung_phrase.flac")
    return soxr.resample(audio[: int(seconds * rate)], rate, RATE)


def lag(later: np.ndarray, earlier: np.ndarray) -> int:
    """Samples by which `earlier` must be shifted to lie on `later`, and that it does."""
    size = 1 << (len(later) + len(earlier)).bit_length()
    product = np.fft.rfft(later, size) * np.conj(np.fft.rfft(earlier, size))
    correlation = np.fft.irfft(product, size)
    best = int(np.argmax(correlation))
    return best - size if best > size // 2 else best


@pytest.mark.slow
@on_jack
def test_a_phrase_goes_in_and_a_violin_comes_out_as_late_as_it_says(server, tmp_path):
    with JackPlayer(server) as player, Live(server, "--record", "take.wav", "--block", 128, folder=tmp_path) as live:
        player.put_between()
        sung = np.concatenate([np.zeros(RATE // 2, np.float32), phrase(4.0)])
        heard, played = player.play(sung, 5.0)
        card = server.card_latency()
        code, out, err = live.end()
    assert code == 0, err
    assert "input left, output right" in out

    import soundfile

    take, rate = soundfile.read(tmp_path / "take.wav", dtype="float32")
    assert rate == RATE
    source, violin = take.T
    # What the sound card heard is what the engine makes of it, to the sample, from the first block on.
    stream = ddsp_rt.load("violin").stream(RATE, fit="auto")
    np.testing.assert_allclose(stream.process(source.copy()), violin, atol=1e-6)
    # It is the melody, whole octaves up.
    before, after = ddsp_rt.analyse(source, RATE), ddsp_rt.analyse(violin, RATE)
    both = before.voiced & after.voiced
    assert both.sum() > 250
    apart = after.midi[both] - before.midi[both]
    octaves = round(np.median(apart) / 12)
    assert octaves >= 1
    assert np.median(np.abs(apart - 12 * octaves)) < 0.3
    # Where the take says that sound came in and went out, JACK saw it; a client that plays and records in one sees what
    # comes back a block late.
    measured = (lag(heard, violin) - lag(played, source) - BLOCK + card) / RATE
    told = float(re.search(r"sound card ([\d.]+)", live.line)[1]) / 1000
    assert measured == pytest.approx(told, abs=1e-3)


@pytest.mark.slow
@on_jack
def test_a_device_that_vanishes_is_one_line(server, tmp_path):
    with Live(server, "--record", "take.wav", folder=tmp_path) as live:
        server.end()
        _, err = live.process.communicate(timeout=60)
    assert live.process.returncode == 1
    assert err.splitlines() == ["ddsp-rt: system: the sound device is gone"]
    assert (tmp_path / "take.wav").exists()  # what was played is kept


@pytest.mark.slow
@on_jack
def test_keys_come_from_a_midi_port(server):
    with JackPlayer(server) as player, Live(server, "--midi", "keys") as live:
        player.put_between()
        assert "keys" in live.line
        player.press(0x90, 69, 100)
        heard, _ = player.play(np.zeros(0), 1.5)
        features = ddsp_rt.analyse(heard, RATE)
        assert features.voiced.mean() > 0.6
        assert np.median(features.f0[features.voiced]) == pytest.approx(440, rel=0.003)
        player.press(0x80, 69, 0)
        player.play(np.zeros(0), 3.0)
        heard, _ = player.play(np.zeros(0), 0.5)
        assert np.abs(heard).max() < 1e-3
        code, _, err = live.end()
    assert code == 0, err


@pytest.mark.slow
@on_jack
def test_a_midi_port_that_vanishes_is_one_line(server, tmp_path):
    keyboard = JackPlayer(server)
    with Live(server, "--midi", "keys", "--record", "take.wav", folder=tmp_path) as live:
        with keyboard:
            keyboard.press(0x90, 69, 100)
        _, err = live.process.communicate(timeout=60)
    assert live.process.returncode == 1
    (line,) = err.splitlines()
    assert line.startswith("ddsp-rt: ") and line.endswith("keys: the MIDI port is gone")
    assert (tmp_path / "take.wav").exists()


class Ports:
    """rtmidi's input, as far as a look at its ports goes."""

    def __init__(self, *names):
        self.names = list(names)
        self.deleted = False

    def get_ports(self):
        return self.names

    def delete(self):
        self.deleted = True

    def __getattr__(self, _):
        return lambda *_, **__: None


@pytest.mark.skipif(importlib.util.find_spec("rtmidi") is None, reason="python-rtmidi is not installed")
@pytest.mark.parametrize("wanted", ["first", "virtual"])
def test_a_midi_port_is_missed_when_its_name_is_and_for_good(monkeypatch, wanted):
    from ddsp_rt.live import midi_ports

    now, ports = 100.0, Ports("first 20:0", "second 24:0")
    monkeypatch.setattr(midi_ports, "_inputs", lambda: [ports])
    monkeypatch.setattr(midi_ports.time, "monotonic", lambda: now)
    port = midi_ports.MidiPort(wanted, lambda *_: None)
    for step in range(40):
        now += 0.1
        ports.names = ["second 24:0"] if 10 <= step < 16 else ["first 20:0"]
        if wanted == "first" and now - 101.0 > midi_ports.GONE + midi_ports.LOOKS + 0.1:
            with pytest.raises(DataError, match="first 20:0: the MIDI port is gone"):
                port.check()
        elif wanted == "virtual" or step < 30:
            port.check()


@pytest.mark.parametrize("wanted", ["nothing", "port", "7", "second"])
def test_every_midi_system_but_the_one_that_is_played_is_let_go_of_after_a_mistake_too(monkeypatch, wanted):
    from ddsp_rt.live import midi_ports

    systems = [Ports("first port"), Ports("second port")]
    monkeypatch.setattr(midi_ports, "_inputs", lambda: systems)
    if wanted == "second":
        midi_ports.MidiPort(wanted, lambda *_: None)
    else:
        with pytest.raises(UsageError, match=f"--midi {wanted}"):
            midi_ports.MidiPort(wanted, lambda *_: None)
    assert [system.deleted for system in systems] == [True, wanted != "second"]


@pytest.mark.slow
@on_jack
def test_in_a_terminal_keys_change_what_is_shown(server):
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80)) if hasattr(termios, "tcsetwinsize") else None
    process = subprocess.Popen(
        COMMAND, env={**server.environment, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
        stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(theirs)

    def wait_for(text: str) -> None:
        seen, deadline = "", time.monotonic() + 60
        while text not in seen:
            assert time.monotonic() < deadline, f"{text} is not in {seen[-2000:]}"
            if select.select([ours], [], [], 0.5)[0]:
                seen += os.read(ours, 65536).decode(errors="ignore")

    try:
        wait_for("headroom")
        for key, text in ((b"b", "bypassed"), (b"\x1b[A", "octave +1"), (b"R", "reverb 1.1"), (b"l", "learning")):
            os.write(ours, key)
            wait_for(text)
        os.write(ours, b"q")
        wait_for("dropouts")
        process.wait(timeout=60)
    finally:
        process.kill()
        os.close(ours)
    assert process.returncode == 0


@on_jack
@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (["--sample-rate", "44100"], 1, "cannot run at 44100 Hz; usual there: 48000 Hz"),
        (["--output", "nowhere"], 2, "0 (system"),
        (["--channel", "9"], 2, "--channel 9"),
        (["--block", "7"], 2, "--block 7"),
        (["--midi", "nothing"], 1, "no MIDI port found"),
    ],
)
def test_a_mistake_is_one_line(server, options, code, word):
    done = subprocess.run([*COMMAND, *options], env=server.environment, capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1), done.stderr
    assert word in done.stderr


@pytest.mark.skipif("sounddevice" not in sys.modules, reason="sounddevice or PortAudio is not installed")
def test_without_a_device_it_says_so_in_one_line():
    environment = {**os.environ, "JACK_DEFAULT_SERVER": "none-of-that-name", "JACK_NO_START_SERVER": "1"}
    if subprocess.run([*COMMAND, "--devices"], env=environment, capture_output=True, text=True).stdout.startswith(
        "Sound devices:\n"
    ):
        pytest.skip("this machine has a sound card")
    done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "ddsp-rt: no sound input found: connect a sound card, or start JACK\n"


def test_a_take_that_is_there_is_not_replaced(tmp_path):
    (tmp_path / "take.wav").write_bytes(b"mine")
    done = subprocess.run([*COMMAND, "--record", tmp_path / "take.wav"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (tmp_path / "take.wav").read_bytes() == b"mine"


# ---- devices, without any --------------------------------------------------------------------------------------------

CARDS = [
    Device(0, "Built-in Microphone", "Core Audio", 2, 0, 44_100, usual_input=True),
    Device(1, "Built-in Output", "Core Audio", 0, 2, 44_100, usual_output=True),
    Device(2, "Scarlett 2i2", "Core Audio", 2, 2, 48_000),
    Device(3, "Scarlett Solo", "Core Audio", 1, 2, 48_000),
    Device(4, "system", "JACK Audio Connection Kit", 2, 2, 48_000, usual_input=True, usual_output=True),
]


def test_devices_are_the_usual_ones_or_those_that_are_named():
    assert choose(CARDS, None, None) == (CARDS[0], CARDS[1])
    assert choose(CARDS, "2i2", None) == (CARDS[2], CARDS[1])
    assert choose(CARDS, "scarlett solo", "3") == (CARDS[3], CARDS[3])
    assert choose(CARDS, None, "jack") == (CARDS[4], CARDS[4])
    assert choose(CARDS, None, None, hears=False) == (None, CARDS[1])


@pytest.mark.parametrize(
    ("source", "output", "word"),
    [("scarlett", None, "fits 2 (Scar"), ("1", None, "no input has that number"), ("0", "system", "two systems")],
)
def test_a_device_that_cannot_be_meant_is_told(source, output, word):
    with pytest.raises(UsageError) as told:
        choose(CARDS, source, output)
    assert word in str(told.value)


def test_no_device_at_all_is_told():
    with pytest.raises(DataError, match="no sound input found"):
        choose([CARDS[1]], None, None)
    with pytest.raises(DataError, match="no sound output found"):
        choose([], None, None, hears=False)


# ---- the view --------------------------------------------------------------------------------------------------------


def status(**changes) -> dict:
    session = _engine.Session(ddsp_rt.load("violin").engine, RATE, 1, 0, 2, 0)
    return {**session.status(), "worst": 0.1, **changes}


def look(**changes):
    from ddsp_rt.live.screen import Look

    return Look(**{
        "instrument": "violin", "pitch": (55.0, 96.0), "transpose": 0.0, "reverb": 1.0, "from_keys": False,
        "card": "system, 48000 Hz, 128 samples", **changes,
    })  # fmt: skip


SUNG = {"f0": 440.0, "periodicity": 0.95, "loudness": -20.0, "input_db": -12.0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"input_db": 0.0}, "clips"),
        ({"input_db": -50.0}, "soft"),
        ({"periodicity": 0.2}, "unsure"),
        ({"f0": 110.0}, "too low for the violin"),
        ({"f0": 110.0, "octave": 1}, ""),
        ({"f0": 2500.0, "octave": 1}, "too high for the violin"),
        ({"outside": 1, "periodicity": 0.1}, "too high to be followed"),
        ({"loudness": -90.0, "input_db": -90.0, "periodicity": 0.0}, ""),
    ],
)
def test_what_the_player_should_change_is_said_in_words(changes, words):
    from ddsp_rt.live.screen import warning

    told = warning(status(**{**SUNG, **changes}), look())
    assert words in told
    assert bool(told) == bool(words)


def test_the_view_fits_a_terminal_and_holds_what_a_player_needs():
    from rich.console import Console

    from ddsp_rt.live.screen import big, view

    for width in (80, 40, 200):
        console = Console(width=width, record=True, file=open(os.devnull, "w"), color_system=None)
        shown = status(**SUNG, load=0.25, worst=0.5, dropouts=3, delay=0.0053)
        console.print(view(shown, look(recorded=12.0), width))
        text = console.export_text()
        assert len(text.splitlines()) <= 24
        assert all(len(line) <= width for line in text.splitlines())
        for row in big("A4"):
            assert row.rstrip() in text
    for words in ("headroom  75 %, at worst  50 %", "dropouts 3", "delay 9.3 ms", "recording 12 s", "loudness  -20.0"):
        assert words in text


def test_a_frequency_is_a_note_and_cents():
    from ddsp_rt.live.screen import note_and_cents

    assert note_and_cents(440.0) == ("A4", 0)
    assert note_and_cents(440.0 * 2 ** (12 / 1200)) == ("A4", 12)
    assert note_and_cents(261.63 * 2 ** (-0.4 / 12)) == ("C4", -40)
