"""The measurements: nothing here prints. Blocks are timed inside the engine's module, without Python between them."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from pathlib import Path

import numpy as np

from ddsp_rt import _engine
from ddsp_rt.evaluation.lags import loudness_lag, pitch_lag
from ddsp_rt.evaluation.onsets import onset_latency
from ddsp_rt.evaluation.plain_instrument import PLAIN_DB, write_plain_instrument
from ddsp_rt.instrument import Instrument, load

RATES = (44_100, 48_000, 96_000)  # Hz
BLOCKS = (32, 64, 128, 256, 512, 1024, 2048)  # samples
RUNS = 5  # of which the best counts
WARM_UP = 0.1  # seconds at the start of a run that are left out
LIVE = 48_000, 64  # rate and block of the figures quoted
EMPTY = 0.3  # seconds of empty callbacks beside each paced run


def measure(name: str = "violin", seconds: float = 1.0, paced: bool = True, latency: bool = True) -> dict:
    """Speeds in seconds of audio per second of one core, block times as shares of a block's duration, ms and MB."""
    rate, block = LIVE
    size = memory(name)
    instrument = load(name)
    long = max(seconds, 5.0)  # for the figures quoted
    audio = tone(rate, long)
    stream = instrument.stream(rate)
    speed = {run: long / fastest(play) for run, play in {
        "analysis": lambda: _engine.analyse(audio, rate),
        "transfer": lambda: stream.process(audio),
    }.items()}  # fmt: skip
    result = {
        "instrument": instrument.name,
        "processor": processor(),
        "kernels": _engine.KERNELS,
        **size,
        "analysis_speed": speed["analysis"],
        "transfer_speed": speed["transfer"],
        "instances_per_core": int(speed["transfer"]),
        "blocks": [block_times(instrument, r, b, seconds, paced) for r in RATES for b in BLOCKS],
        "live": block_times(instrument, rate, block, long, paced),
        "content": content(instrument, rate, block, seconds),
    }
    if latency:
        result["latency"] = latencies(instrument)
    return result


def tone(rate: int, seconds: float, f0: float = 440.0, vibrato: float = 50.0, swell: float = 0.0) -> np.ndarray:
    """float32 [samples]: ten harmonics, a vibrato of ±`vibrato` cents at 5 Hz, swells of ±`swell` dB at 3 Hz."""
    t = np.arange(int(seconds * rate)) / rate
    phase = np.cumsum(f0 * 2 ** (vibrato / 1200 * np.sin(2 * np.pi * 5 * t))) / rate
    audio = sum(np.sin(2 * np.pi * h * phase) / h for h in range(1, 11) if h * f0 < 0.4 * rate)
    return (0.1 * audio * 10 ** (swell / 20 * np.sin(2 * np.pi * 3 * t))).astype(np.float32)


def fastest(run) -> float:
    """Seconds of processor time of the best of some runs."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def timed(transfer, audio: np.ndarray, rate: int, block: int, paced: bool = False) -> np.ndarray:
    """Time of each block over its duration, after the warm-up."""
    times = _engine.block_times(transfer, audio, rate, block, paced).astype(np.float64)
    return times[min(int(np.ceil(WARM_UP * rate / block)), len(times) - 1) :] * rate / block


def figures(share: np.ndarray) -> dict:
    return {"mean": float(share.mean()), "p999": float(np.quantile(share, 0.999)), "longest": float(share.max())}


def block_times(instrument: Instrument, rate: int, block: int, seconds: float, paced: bool) -> dict:
    """Mean and 99.9th percentile of block time over block duration, back to back and paced, the latter beside an empty
    callback's in the same run; each the best of some runs by its percentile."""
    audio, kinds = tone(rate, seconds + WARM_UP), {}
    for kind in ("back_to_back", "paced") if paced else ("back_to_back",):
        runs = []
        for _ in range(RUNS):
            run = figures(timed(transfer_of(instrument, rate), audio, rate, block, kind == "paced"))
            if kind == "paced":
                run["empty"] = figures(timed(None, audio[: int((EMPTY + WARM_UP) * rate)], rate, block, True))
            runs.append(run)
        kinds[kind] = min(runs, key=lambda run: run["p999"])
    return {"rate": rate, "block": block, **kinds}


def transfer_of(instrument: Instrument, rate: int):
    transfer = _engine.Transfer(instrument.instruments, rate)
    transfer.set("morph", instrument.amount)
    return transfer


def content(instrument: Instrument, rate: int, block: int, seconds: float) -> dict:
    """What the time of a block depends on: back to back, several kinds of input, each beside the tone's mean."""
    sounds, runs = inputs(rate, seconds + WARM_UP), {}
    for _ in range(RUNS):
        for name, audio in sounds.items():
            runs.setdefault(name, []).append(figures(timed(transfer_of(instrument, rate), audio, rate, block)))
    best = {name: {key: min(run[key] for run in many) for key in ("mean", "p999")} for name, many in runs.items()}
    return {name: {**row, "to_tone": row["mean"] / best["tone"]["mean"]} for name, row in best.items()}


def inputs(rate: int, seconds: float) -> dict[str, np.ndarray]:
    """Kinds of input that may cost differently, float32 [samples] each."""
    n = int(seconds * rate)
    white = np.random.default_rng(0).uniform(-1, 1, n)
    note = tone(rate, seconds)
    ended = np.where(np.arange(n) < n // 4, note, 0.0)
    sounds = {
        "tone": note,
        "low tone, all harmonics": tone(rate, seconds, 70.0),
        "noise, unvoiced": 0.1 * white,
        "full-scale square": np.sign(note),
        "silence": np.zeros(n),
        "denormal numbers": 1e-40 * white,
        "a note, then silence": ended,
        "a note, then denormal numbers": np.where(ended != 0, ended, 1e-40 * white),
        "NaN": np.full(n, np.nan),
    }
    return {name: audio.astype(np.float32) for name, audio in sounds.items()}


def latencies(instrument: Instrument) -> dict:
    """Milliseconds from input to output, reverb off, host buffering not in it, at 48 kHz.

    Of the engine itself, by a plain instrument whose amplitude follows loudness, and with the instrument, its attack
    included.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.ddsp"
        write_plain_instrument(path)
        plain = Instrument(path)
    return {"engine": delays(plain, -PLAIN_DB), "instrument": delays(instrument)}


def delays(instrument: Instrument, gain_db: float = 0.0) -> dict:
    """`gain_db` is put on the output, so that the lags' floor of -60 dB lies alike in input and output."""
    rate = LIVE[0]

    def play(audio: np.ndarray) -> np.ndarray:
        return instrument.stream(rate, reverb=0.0).process(audio) * 10 ** (gain_db / 20)

    swelling = tone(rate, 4.0, 400.0, vibrato=0.0, swell=9.0)  # the lag's windows of 5 ms hold whole periods
    onset = onset_latency(instrument.stream(rate, reverb=0.0), rate)
    return {
        "loudness_lag_ms": loudness_lag(swelling, play(swelling), rate),
        "pitch_lag_ms": {
            f0: pitch_lag(wave, play(wave), rate) for f0 in (98, 196, 400) for wave in [tone(rate, 4.0, f0)]
        },
        "onset_ms": onset.median,
        "onset_jitter_ms": onset.jitter,
        "onsets_missed": onset.missed,
    }


def memory(name: str) -> dict:
    """What an instrument and its voices take, and how long loading does.

    Loading is the best of some; memory is what the process grew by, with the first voice and with each of ten more.
    """
    rate = LIVE[0]
    silence = np.zeros(rate // 10, np.float32)
    before = resident()
    instrument, voices, first = load(name), [], before
    for _ in range(11):
        voices.append(instrument.stream(rate))
        voices[-1].process(silence)
        first = resident() if len(voices) == 1 else first
    after = resident()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        load(name).stream(rate)
        times.append(time.perf_counter() - start)
    return {
        "load_ms": 1000 * min(times),
        "first_instance_mb": (first - before) / 1e6,
        "further_instance_mb": (after - first) / 10e6,
    }


def resident() -> int:
    """Bytes of memory this process holds; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, AttributeError):
        return 0


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as cpuinfo:
            lines = cpuinfo.read().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = fields.get("model name", platform.machine())
    numbers = [f"{key} {fields[key]}" for key in ("cpu family", "model") if key in fields]
    return f"{name} ({', '.join(numbers)})" if numbers else name
