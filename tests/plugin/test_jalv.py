"""The LV2s in jalv, on JACK without a sound card. JACK runs free, as fast as it can: a loaded machine loses nothing."""

import os
import shutil
import subprocess
import time

import numpy as np
import pytest

from .conftest import RATE, built

jack = pytest.importorskip("jack")
needs_jack = pytest.mark.skipif(
    not (shutil.which("jackd") and shutil.which("jalv")), reason="jackd or jalv is not installed"
)


@pytest.fixture
def server(monkeypatch):
    """A JACK server of our own."""
    name = f"ddsp-rt-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    monkeypatch.setenv("JACK_NO_AUDIO_RESERVATION", "1")
    command = ["jackd", "-n", name, "-r", "-S", "-t", "10000", "-d", "dummy", "-r", str(RATE), "-p", "256"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield name
        process.terminate()


def until(what, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except jack.JackError:
            pass
        time.sleep(0.1)
    raise AssertionError("JACK or jalv did not come up")


@needs_jack
@pytest.mark.parametrize("plugin", ["Transfer", "Instrument"])
def test_it_plays_in_jalv(plugin, server, sung, monkeypatch):
    monkeypatch.setenv("LV2_PATH", f"{built(plugin, 'LV2').parent}:/usr/lib/lv2")
    client = until(lambda: jack.Client("test", no_start_server=True, servername=server))
    source, sink = client.outports.register("source"), client.inports.register("sink")
    keys = client.midi_outports.register("keys")
    heard: list[np.ndarray] = []
    state = {"at": 0, "playing": False}

    @client.set_process_callback
    def process(frames):
        keys.clear_buffer()
        at = state["at"]
        block = np.zeros(frames, np.float32)
        if state["playing"]:
            block[: len(sung[at : at + frames])] = sung[at : at + frames]
            if at == 0:
                keys.write_midi_event(0, (0x90, 69, 100))
            heard.append(sink.get_array().copy())
            state["at"] += frames
        source.get_array()[:] = block

    takes_keys = plugin == "Instrument"
    command = ["jalv", "-n", "player", f"urn:ddsp-rt:{plugin.lower()}"]
    with client, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as player:
        until(lambda: client.get_ports("player:", is_audio=True, is_output=True))
        for port in client.get_ports("player:", is_audio=True, is_input=True):
            until(lambda port=port: client.connect(source, port) or True)
        for port in until(lambda: client.get_ports("player:", is_midi=True, is_input=True)) if takes_keys else []:
            until(lambda port=port: client.connect(keys, port) or True)
        heard_port = client.get_ports("player:", is_audio=True, is_output=True)[0]
        until(lambda: client.connect(heard_port, sink) or True)
        client.set_freewheel(True)
        state["playing"] = True
        until(lambda: state["at"] >= 2 * RATE, 60.0)
        client.set_freewheel(False)
        player.terminate()
    audio = np.concatenate(heard)
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() > 0.01
