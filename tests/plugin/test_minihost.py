"""Both plugins as VST3 and as LV2 in minihost, with the host's own buffers: nothing compensated, nothing resampled."""

import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

import ddsp_rt

from .conftest import RATE, ROOT, built

minihost = pytest.importorskip("minihost")

KINDS = ["VST3", "LV2"]


def opened(plugin, kind, rate=RATE, block=512, channels=1):
    ins = channels if plugin == "Transfer" else 0
    return minihost.Plugin(str(built(plugin, kind)), rate, block, ins, channels)


# In their units, of both plugins; LV2 hosts have no text of the plugin's own to go by.
RANGES = {entry["title"]: (entry["minimum"], entry["maximum"]) for entry in ddsp_rt.Stream.parameters()}
RANGES |= {"Instrument": (0, 127), "MIDI out": (0, 1), "Bypass": (0, 1), "MPE": (0, 1)}


def setting(host, title, value):
    """Sets a parameter, by a value in its unit."""
    low, high = RANGES[title]
    host.set_param(host.find_param(title), (value - low) / (high - low))


def played(host, audio, block=512, before=lambda done: None):
    """Mono through the plugin in blocks; float32 [samples]."""
    out = np.zeros((host.num_output_channels, len(audio)), np.float32)
    for done in range(0, len(audio), block):
        before(done)
        part = np.ascontiguousarray(np.tile(audio[done : done + block], (max(host.num_input_channels, 1), 1)))
        heard = np.zeros((host.num_output_channels, part.shape[1]), np.float32)
        host.process(part, heard)
        out[:, done : done + block] = heard
    return out[0]


def notes(host, events, seconds, block=512, rate=RATE):
    """Plays (second, status, data, data) events; float32 [samples]."""
    heard = []
    for done in range(0, int(seconds * rate), block):
        due = [(round(at * rate) - done, *rest) for at, *rest in events if done <= round(at * rate) < done + block]
        out = np.zeros((host.num_output_channels, block), np.float32)
        host.process_midi(np.zeros((0, block), np.float32), out, due)
        heard.append(out[0])
    return np.concatenate(heard)


def steps(audio):
    return np.abs(np.diff(audio)).max()


def pitch(audio, low=380, high=560):
    """The strongest partial between two frequencies in Hz."""
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 8 * len(audio)))
    frequency = np.fft.rfftfreq(8 * len(audio), 1 / RATE)
    near = (frequency > low) & (frequency < high)
    return frequency[near][np.argmax(spectrum[near])]


@pytest.fixture
def two_instruments(monkeypatch, tmp_path):
    """Beside what is shipped, in slot 2, one that sounds otherwise."""
    folder = tmp_path / "instruments"
    folder.mkdir()
    shutil.copy(ROOT / "tests" / "data" / "golden.ddsp", folder / "other.ddsp")
    monkeypatch.setenv("DDSP_RT_PATH", str(folder))


@pytest.mark.parametrize("first", ["minihost", "ddsp_rt._engine"])
def test_the_host_s_python_module_and_ours_share_a_process(first):
    """Both are made by nanobind and name a class `Session`; within one domain only the first would have it."""
    script = f"import {first}, minihost, ddsp_rt._engine; assert minihost.Session is not ddsp_rt._engine.Session"
    subprocess.run([sys.executable, "-W", "error::RuntimeWarning", "-c", script], check=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_it_plays_what_python_plays_at_every_rate(kind, rate, sung):
    voice = sung if rate == RATE else np.interp(np.arange(0, 2, 1 / rate), np.arange(len(sung)) / RATE, sung)
    voice = voice.astype(np.float32)
    wanted = ddsp_rt.load("violin").stream(rate).process(voice)
    host = opened("Transfer", kind, rate)
    assert host.latency_samples == 0
    assert np.abs(played(host, voice) - wanted).max() < 1e-6
    assert np.abs(wanted).max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_mean_what_they_mean_in_python(kind, sung):
    stream = ddsp_rt.load("violin").stream(RATE)
    host = opened("Transfer", kind)
    for name, title, value in [
        ("transpose", "Transpose", 7),
        ("brightness", "Brightness", 2),
        ("reverb", "Reverb", 0.5),
        ("noise_gain", "Noise", -6),
        ("dry_wet", "Dry/wet", 0.75),
        ("output_gain", "Output gain", -3),
    ]:
        stream.set(name, value)
        setting(host, title, value)
    silence = np.zeros(RATE // 2, np.float32)  # until what is set has arrived
    played(host, silence)
    stream.process(silence)
    assert np.abs(played(host, sung) - stream.process(sung)).max() < 2e-6


def assert_alike(one, other):
    for index in range(one.num_params):
        if "MIDI CC" not in (name := one.get_param_info(index)["name"]):
            assert other.get_param(index) == pytest.approx(one.get_param(index), abs=1e-6), name


@pytest.mark.parametrize("slot", [5, 100], ids=["another instrument", "an empty slot"])
@pytest.mark.parametrize("plugin", ["Transfer", "Instrument"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_state_goes_from_one_to_another(plugin, kind, slot):
    one, other = opened(plugin, kind), opened(plugin, kind)
    one.non_realtime = True  # waits for the instrument; the other plays live
    setting(one, "Transpose", 5)
    setting(one, "Reverb", 0.25)
    setting(one, "Instrument", slot)
    silent = np.zeros(512, np.float32)
    played(one, silent)
    time.sleep(0.3)  # whatever a host does behind our back
    other.set_state(one.get_state())
    if kind == "VST3":  # an LV2 host hears in a block
        assert_alike(one, other)
    played(other, silent)
    assert_alike(one, other)
    time.sleep(0.3)
    assert_alike(one, other)
    assert other.get_param(other.find_param("Instrument")) == pytest.approx(slot / 127)
    if plugin == "Instrument":
        attack = other.find_param("Attack")
        violin = opened(plugin, kind)
        played(violin, silent)
        assert (other.get_param(attack) == pytest.approx(violin.get_param(attack), abs=1e-6)) == (slot == 100)
    if kind == "VST3":
        index = other.find_param("Transpose")
        assert other.param_to_text(index, other.get_param(index)) == "5.0 semitones"
        assert other.param_from_text(index, "-12 semitones") == pytest.approx(36 / 96)


@pytest.mark.parametrize("kind", KINDS)
def test_a_host_shows_what_the_instrument_that_plays_has_of_its_own(kind):
    """However it was chosen: by automation, by a program change, and back."""
    host = opened("Instrument", kind)
    host.non_realtime = True  # waits for the instrument
    attack, index = host.find_param("Attack"), host.find_param("Instrument")
    of = {}
    for slot in range(6):
        setting(host, "Instrument", slot)
        notes(host, [], 0.05)
        of[slot] = host.get_param(attack)
    assert len(set(of.values())) > 2
    for slot in (3, 0, 5):
        notes(host, [(0.0, 0xC0, slot, 0)], 0.05)
        time.sleep(0.1)  # a VST3 host tells the plugin's window side what it heard, behind our back
        assert host.get_param(index) == pytest.approx(slot / 127)
        assert host.get_param(attack) == pytest.approx(of[slot], abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_sweeps_make_no_steps(kind):
    """A tone goes in, one parameter after another goes up and down: the steepest step is hardly steeper than at rest,
    louder settings allowed for."""
    seconds = np.arange(3 * RATE) / RATE
    tone = sum(0.2 / h * np.sin(2 * np.pi * 300 * h * seconds) for h in range(1, 9)).astype(np.float32)
    for title in ["Input gain", "Harmonics", "Noise", "Brightness", "Reverb", "Dry/wet", "Output gain"]:
        host = opened("Transfer", kind)
        index = host.find_param(title)
        rest = [steps(played(host, tone)[RATE:])]
        for value in (0.0, 0.7):
            host.set_param(index, value)
            played(host, tone[:RATE])
            rest.append(steps(played(host, tone)[RATE:]))

        def sweep(done, host=host, index=index):
            host.set_param(index, 0.35 + 0.35 * np.sin(2 * np.pi * 3 * done / RATE))

        assert steps(played(host, tone, block=64, before=sweep)[RATE:]) < 1.6 * max(rest), title


@pytest.mark.parametrize("kind", KINDS)
def test_bypass_is_aligned_to_the_sample_and_does_not_click(kind, sung):
    host = opened("Transfer", kind)

    def switch(done):
        host.bypass = RATE <= done < 2 * RATE

    heard = played(host, sung, block=100, before=switch)
    assert np.array_equal(heard[RATE + 2000 : 2 * RATE], sung[RATE + 2000 : 2 * RATE])
    around = heard[RATE - 200 : RATE + 2000]
    assert steps(around) < 1.5 * max(steps(sung), steps(heard[: RATE - 200]))


@pytest.mark.parametrize("kind", KINDS)
def test_nan_does_no_lasting_harm(kind, sung):
    host = opened("Transfer", kind)
    played(host, np.full(RATE // 4, np.nan, np.float32))
    heard = played(host, sung)
    assert np.isfinite(heard).all()
    assert np.abs(heard[RATE:]).max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_keys_bends_and_controllers_reach_the_notes(kind):
    on = (0.0, 0x90, 69, 100)
    plain = notes(opened("Instrument", kind), [on], 1.0)[RATE // 2 :]
    assert pitch(plain) == pytest.approx(440, rel=0.003)
    bent = notes(opened("Instrument", kind), [on, (0.2, 0xE0, 0x7F, 0x7F)], 1.0)[RATE // 2 :]
    assert pitch(bent) == pytest.approx(440 * 2 ** (2 / 12), rel=0.003)
    soft = notes(opened("Instrument", kind), [on, (0.2, 0xB0, 11, 30)], 1.0)[RATE // 2 :]
    assert np.std(soft) < 0.7 * np.std(plain)
    ended = notes(opened("Instrument", kind), [on, (0.2, 0x80, 69, 0)], 3.5)
    assert np.abs(ended[-RATE // 4 :]).max() < 1e-3
    held = notes(opened("Instrument", kind), [on, (0.1, 0xB0, 64, 127), (0.2, 0x80, 69, 0)], 1.0)[RATE // 2 :]
    assert np.std(held) > 0.5 * np.std(plain)


@pytest.mark.parametrize("kind", KINDS)
def test_with_mpe_each_note_bends_alone(kind):
    c4, g4, a4 = (440 * 2 ** ((key - 69) / 12) for key in (60, 67, 69))
    two_semitones = 8192 + round(8192 * 2 / 48)  # of what a member channel bends by
    chord = [(0.0, 0x91, 60, 100), (0.0, 0x92, 67, 100)]
    bend = (0.3, 0xE2, two_semitones & 0x7F, two_semitones >> 7)
    host = opened("Instrument", kind)
    setting(host, "MPE", 1)
    heard = notes(host, [*chord, bend], 1.2)[2 * RATE // 3 :]
    assert pitch(heard, 240, 285) == pytest.approx(c4, rel=0.003)
    assert pitch(heard, 370, 460) == pytest.approx(a4, rel=0.003)
    plain = notes(opened("Instrument", kind), [*chord, bend], 1.2)[2 * RATE // 3 :]
    assert pitch(plain, 370, 460) == pytest.approx(g4, rel=0.01)  # the wheel's two semitones, hardly moved


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_change_chooses_the_instrument_and_the_session_keeps_it(kind, two_instruments):
    """minihost hands program changes on to VST3s too, which few hosts do."""
    note = [(0.0, 0x90, 69, 100)]

    def chosen(choose, *events):
        host = opened("Instrument", kind)
        host.non_realtime = True  # waits for the instrument
        choose(host)
        notes(host, events, 0.5)  # it fades in
        host.reset()
        return host

    first = chosen(lambda host: None)
    by_program = chosen(lambda host: None, (0.01, 0xC0, 1, 0))
    index = by_program.find_param("Instrument")
    assert by_program.get_param(index) == pytest.approx(1 / 127)  # the host has been told
    assert first.get_param(index) == 0
    state = by_program.get_state()
    wanted = notes(by_program, note, 1.0)
    assert not np.array_equal(wanted, notes(first, note, 1.0))
    by_hand = chosen(lambda host: setting(host, "Instrument", 1))
    restored = chosen(lambda host: host.set_state(state))
    assert np.array_equal(notes(by_hand, note, 1.0), wanted)
    assert np.array_equal(notes(restored, note, 1.0), wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_automated_is_rendered_the_same_each_time(kind, two_instruments):
    """The slot too: rendering waits for an instrument that is called for."""

    def rendered(slot):
        host = opened("Instrument", kind)
        host.non_realtime = True
        instrument, brightness = host.find_param("Instrument"), host.find_param("Brightness")
        heard = []
        for done in range(0, RATE, 500):
            out = np.zeros((host.num_output_channels, 500), np.float32)
            changes = [(0, brightness, 0.5 + 0.4 * np.sin(9 * done / RATE))]
            if done in (RATE // 4, RATE // 2):
                changes.append((0, instrument, slot / 127 if done == RATE // 4 else 0.0))
            host.process_auto(np.zeros((0, 500), np.float32), out, [] if done else [(0, 0x90, 69, 100)], changes)
            heard.append(out[0])
        return np.concatenate(heard)

    once = rendered(1)
    assert np.array_equal(rendered(1), once)
    assert not np.array_equal(rendered(0), once)
    assert np.abs(once).max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_the_performance_comes_out_as_notes(kind, sung):
    host = opened("Transfer", kind)
    assert host.produces_midi
    setting(host, "MIDI out", 1)

    def heard_in(audio):
        sent = []
        for done in range(0, len(audio), 512):
            part = np.ascontiguousarray(np.tile(audio[done : done + 512], (host.num_input_channels, 1)))
            out = np.zeros((host.num_output_channels, part.shape[1]), np.float32)
            sent += host.process_midi(part, out, [])
        return sent

    sent = heard_in(sung)
    kinds = [event[1] & 0xF0 for event in sent]
    begun = [event for event in sent if event[1] & 0xF0 == 0x90]
    assert 2 <= len(begun) <= 30
    assert all(40 <= event[2] <= 90 and 1 <= event[3] <= 127 for event in begun)
    assert kinds.index(0xB0) < kinds.index(0x90)  # the range of the bends is told first
    assert kinds.count(0x80) >= len(begun) - 1
    slurs = [event[1:4] for event in sent].index((0xB0, 68, 127))  # the legato footswitch
    assert slurs < kinds.index(0x90)
    setting(host, "MIDI out", 0)
    assert [event[1:4] for event in heard_in(sung[:1024])][-1] == (0xB0, 68, 0)


def test_many_instances_live_and_die():
    hosts = [opened("Transfer", "VST3") for _ in range(8)]
    for host in hosts:
        assert not played(host, np.zeros(4096, np.float32)).any()
        host.close()
