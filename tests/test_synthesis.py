"""The twin's oscillators, noise and reverb: what they must do to the sound."""

import math

import pytest

torch = pytest.importorskip("torch")

from ddsp_rt.evaluation.clicks import find_clicks
from ddsp_rt.synthesis import (
    FilteredNoise,
    HarmonicOscillators,
    NoiseGenerator,
    Reverb,
    Synthesizer,
    frame_clock,
    harmonic_oscillators,
)

RATES = [8000, 11025, 16000, 22050, 44100, 48000]


def controls(frames, harmonics, batch=1, low=80.0, high=1500.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    f0 = low * (high / low) ** torch.rand(batch, frames, generator=generator)
    return (
        f0,
        torch.rand(batch, frames, generator=generator),
        torch.rand(batch, frames, harmonics, generator=generator),
    )


def direct_sines(oscillators, f0, amplitude, harmonics):
    """The definition, sample by sample in double, from the contract of the frame clock."""
    amplitudes = oscillators.amplitudes(f0, amplitude, harmonics)[0].double()
    rate, frames = oscillators.sample_rate, f0.shape[1]
    increment = f0[0].double() / rate
    out, phase = [], 0.0
    for k in range(frames):
        length = frame_clock.frame_start(k + 1, rate) - frame_clock.frame_start(k, rate)
        ramp = (torch.arange(length, dtype=torch.float64) + 1) / length
        before = increment[max(k - 1, 0)]
        leap = abs(math.log2(increment[k] / before)) > 0.25
        glide = before + (increment[k] - before) * ramp
        step = torch.ones(length, dtype=torch.float64)
        arriving = phase + torch.cumsum(increment[k] * step if leap else glide, 0)
        leaving = phase + torch.cumsum(before * step if leap else glide, 0)
        phase = float(arriving[-1] % 1.0)
        start = amplitudes[k - 1] if k else torch.zeros_like(amplitudes[0])
        rise = (3 * ramp**2 - 2 * ramp**3).unsqueeze(1)
        number = torch.arange(1, amplitudes.shape[1] + 1)
        out.append(
            (start * (1 - rise) * torch.sin(2 * math.pi * leaving.unsqueeze(1) * number)).sum(1)
            + (amplitudes[k] * rise * torch.sin(2 * math.pi * arriving.unsqueeze(1) * number)).sum(1)
        )
    return torch.cat(out)


@pytest.mark.parametrize("rate", RATES)
def test_oscillators_are_the_sum_of_direct_sines(rate):
    oscillators = HarmonicOscillators(rate, 16000, 40)
    given = controls(60, 40)
    audio = oscillators(*given)[0][0]
    assert audio.shape[0] == frame_clock.frame_start(60, rate)
    assert (audio - direct_sines(oscillators, *given)).abs().max() < 2e-5


def test_sudden_changes_of_level_leave_no_click():
    """Six seconds of vibrato that change by up to 16 dB within a frame ten times a second."""
    generator = torch.Generator().manual_seed(0)
    seconds = torch.arange(1500) / 250
    f0 = 330 * 2 ** (0.025 * torch.sin(2 * math.pi * 5 * seconds))
    level = 16 * torch.rand(60, generator=generator).repeat_interleave(25) - 8
    harmonics = torch.arange(1, 21).expand(1, 1500, 20) ** -1.5
    audio = HarmonicOscillators(16000, 16000, 20)(f0[None], 0.3 * 10 ** (level[None] / 20), harmonics)[0][0]
    noise = 1e-5 * torch.randn(len(audio), generator=generator)
    assert len(find_clicks((audio + noise).numpy(), 16000)) == 0


def test_a_leap_of_the_pitch_leaves_nothing_above_the_models_band():
    """A sweep from one pitch to the other would take high harmonics past Nyquist and fold them back."""
    f0 = torch.tensor([197.0, 985.0]).repeat_interleave(25).repeat(10)[None]
    harmonics = torch.arange(1, 41).expand(1, 500, 40) ** -1.0
    audio = HarmonicOscillators(48000, 16000, 40)(f0, torch.full((1, 500), 0.5), harmonics)[0][0]
    power = torch.fft.rfft(audio * torch.hann_window(len(audio))).abs() ** 2
    above = torch.arange(len(power)) * 48000 / len(audio) > 9000
    assert power[above].sum() < 1e-9 * power.sum()


def test_gradients_reach_every_amplitude():
    oscillators = HarmonicOscillators(11025, 16000, 12).double()
    f0, amplitude, harmonics = (x.double() for x in controls(6, 12, batch=2, low=300, high=900))
    inputs = (amplitude.requires_grad_(), harmonics.requires_grad_())
    assert torch.autograd.gradcheck(lambda a, h: oscillators(f0, a, h)[0], inputs)


def test_chunks_do_not_change_sound_or_gradient(monkeypatch):
    oscillators = HarmonicOscillators(16000, 16000, 50)
    f0, amplitude, harmonics = controls(70, 50, batch=3)
    harmonics.requires_grad_()
    results = []
    for chunk in (1 << 16, 1000):
        monkeypatch.setattr(harmonic_oscillators, "CHUNK", chunk)
        audio, _ = oscillators(f0, amplitude, harmonics)
        (gradient,) = torch.autograd.grad((audio * torch.linspace(-1, 1, audio.shape[1])).sum(), harmonics)
        results.append((audio.detach(), gradient))
    assert torch.allclose(results[0][0], results[1][0], atol=1e-6)
    assert torch.allclose(results[0][1], results[1][1], atol=1e-6)


def test_harmonics_are_normalised_below_the_models_nyquist_and_fade_at_the_hosts():
    f0 = torch.full((1, 1), 1000.0)
    ones = torch.ones(1, 1, 20)
    whole = HarmonicOscillators(48000, 16000, 20).amplitudes(f0, torch.ones(1, 1), ones)[0, 0]
    assert float(whole.sum()) == pytest.approx(1.0, abs=1e-6)
    assert (whole[:7] > 0.13).all() and (whole[7:] == 0).all()  # 8000 Hz is the model's Nyquist
    host = HarmonicOscillators(8000, 16000, 20).amplitudes(f0, torch.ones(1, 1), ones)[0, 0]
    assert torch.allclose(host[:3], whole[:3]) and (host[3:] == 0).all()


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_script_plays_what_the_training_path_plays(rate):
    synthesizer = Synthesizer(rate, 16000, 30, 65, Reverb(500))
    with torch.no_grad():
        synthesizer.reverb.impulse_response.normal_(std=0.01)
    given = controls(40, 30, batch=2)
    noise = torch.rand(2, 40, 65)
    excitation = synthesizer.filtered_noise.draw(2, 40, torch.Generator().manual_seed(3))
    scripted = torch.jit.script(synthesizer)
    for given_noise in (excitation, None):
        played, wanted = (play(*given, noise, given_noise)[0] for play in (scripted, synthesizer))
        assert torch.allclose(played, wanted, atol=1e-5)


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 96000])
def test_noise_has_the_magnitudes_asked_for_and_no_pulse_at_the_frame_rate(rate):
    noise = FilteredNoise(rate, 16000, 65)
    frames = 2500
    curve = torch.linspace(0.1, 1.0, 65)
    audio = noise(curve.expand(1, frames, 65))[0][0].double()
    assert audio.shape[0] == frame_clock.frame_start(frames, rate)
    spectrum = torch.fft.rfft(audio).abs() ** 2 / audio.shape[0]
    per_bin = rate / audio.shape[0]
    for low in (500, 1000, 2000, 4000, 6000):
        band = slice(int(low / per_bin), int(1.26 * low / per_bin))
        asked = float((0.1 + 0.9 * 1.125 * low / 8000) ** 2) / 3 * rate / 16000  # white has variance 1/3
        assert abs(10 * math.log10(float(spectrum[band].mean()) / asked)) < 1.0
    assert spectrum[int(8400 / per_bin) :].sum() < 1e-2 * spectrum.sum()
    power = audio**2
    pulse = torch.exp(-2j * math.pi * 250 * torch.arange(len(power)) / rate)
    assert abs((power * pulse).mean()) < 0.03 * power.mean()


def test_reverb_is_dry_plus_convolution_without_the_first_tap():
    reverb = Reverb(300)
    response = torch.randn(300, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        reverb.impulse_response.copy_(response)
    impulse = torch.zeros(2, 1000)
    impulse[:, 10] = 1.0
    wet, _ = reverb(impulse, gain=0.5)
    assert (wet[:, :10].abs() < 1e-6).all()
    assert torch.allclose(wet[:, 10], torch.ones(2), atol=1e-6)
    assert torch.allclose(wet[0, 11:310], 0.5 * response[1:].detach(), atol=1e-5)
    assert (wet[:, 310:].abs() < 1e-6).all()


def test_reverb_takes_a_response_for_each_of_the_batch():
    responses = torch.randn(2, 50, requires_grad=True)
    audio = torch.randn(2, 400)
    both, _ = Reverb(1)(audio, impulse_response=responses)
    one, _ = Reverb(1)(audio[1:], impulse_response=responses[1])
    assert torch.allclose(both[1:], one, atol=1e-5)
    both.sum().backward()
    assert (responses.grad[:, 0] == 0).all() and (responses.grad[:, 1:] != 0).all()


def synthesizer_with_everything(rate):
    """A synthesizer with a room longer than any chunk, and 60 frames of controls that leap and glide."""
    generator = torch.Generator().manual_seed(4)
    synthesizer = Synthesizer(rate, 16000, 30, 65, Reverb(900))
    with torch.no_grad():
        synthesizer.reverb.impulse_response.copy_(0.05 * torch.randn(900, generator=generator))
    noise = torch.rand(2, 60, 65, generator=generator)
    noise[0, 20:30] = 0.0  # a pause
    return synthesizer, (*controls(60, 30, batch=2), noise)


@pytest.mark.parametrize("scripted", [False, True])
@pytest.mark.parametrize("rate", [16000, 22050, 44100])
@pytest.mark.parametrize("sizes", [[1] * 60, [7] * 8 + [4], [1, 30, 2, 27]])
def test_any_cutting_into_chunks_gives_the_same_sound(sizes, rate, scripted):
    synthesizer, given = synthesizer_with_everything(rate)
    whole, end = synthesizer(*given)
    play = torch.jit.script(synthesizer) if scripted else synthesizer
    state, chunks, start = None, [], 0
    for size in sizes:
        part = [x[:, start : start + size] for x in given]
        chunk, state = play(*part, None, state)
        first, last = (frame_clock.frame_start(frame, rate) for frame in (start, start + size))
        assert chunk.shape[1] == last - first
        chunks.append(chunk)
        start += size
    assert whole.abs().max() > 0.1
    assert (torch.cat(chunks, dim=1) - whole).abs().max() < 1e-6 * whole.abs().max() + 2e-6
    assert state.oscillators.frame == state.noise.frame == 60
    assert torch.equal(state.oscillators.phase, end.oscillators.phase)
    assert torch.equal(state.noise.generator, end.noise.generator)


def test_tone_and_noise_are_cut_without_a_bit_of_difference():
    synthesizer, (f0, amplitude, harmonics, _noise) = synthesizer_with_everything(22050)
    whole, _ = synthesizer.harmonic_oscillators(f0, amplitude, harmonics)
    state, parts = None, []
    for frame in range(60):
        here = slice(frame, frame + 1)
        part, state = synthesizer.harmonic_oscillators(f0[:, here], amplitude[:, here], harmonics[:, here], state)
        parts.append(part)
    assert torch.equal(torch.cat(parts, dim=1), whole)


def test_white_noise_is_even_and_pauses_take_none():
    generator = NoiseGenerator(384)
    white, _state = generator(torch.ones(1, 500, 1, dtype=torch.bool), generator.start(1))
    assert -1.0 <= white.min() < -0.999 and 0.999 < white.max() < 1.0
    assert abs(white.mean()) < 0.005 and white.var().item() == pytest.approx(1 / 3, rel=0.01)
    correlation = torch.fft.irfft(torch.fft.rfft(white.flatten()).abs() ** 2)[1:2000] / white.square().sum()
    assert correlation.abs().max() < 0.015
    sounding = torch.ones(1, 6, 1, dtype=torch.bool)
    sounding[0, 2:4] = False
    paused, _ = generator(sounding, generator.start(1))
    assert torch.equal(paused[0, [0, 1, 4, 5]], white[0, :4]) and (paused[0, 2:4] == 0).all()


def test_an_hour_of_phase_does_not_drift():
    frames = 250 * 3600
    f0 = torch.full((1, frames), 220.7, dtype=torch.float64)
    phase, *_ = HarmonicOscillators(1000, 16000, 1).phase(f0, f0, torch.zeros(1, dtype=torch.int64), 0)
    assert abs(float(phase[0, -1, -1])) < 1e-8  # 794520 whole cycles
