"""`ddsp-rt benchmark`: what this machine makes of the engine: speed, block times, memory, latency."""

from __future__ import annotations

import gc
import json as jsonlib
import platform
import sys
import time
from collections.abc import Callable
from typing import Annotated

import numpy as np
import typer

from ddsp_rt import _engine
from ddsp_rt.evaluation.lags import loudness_lag, pitch_lag
from ddsp_rt.evaluation.onsets import onset_latency
from ddsp_rt.instrument import Instrument, Stream, load

RATES = (44_100, 48_000, 96_000)  # Hz
BLOCKS = (32, 64, 128, 256, 512, 1024, 2048)  # samples
RUNS = 5  # of which the best counts


def benchmark(
    instrument: Annotated[str, typer.Option("--to", metavar="INSTRUMENT", help="Name or path of the instrument.")] = "violin",
    seconds: Annotated[float, typer.Option(min=0.5, max=60.0, help="Seconds of audio per measurement.")] = 5.0,
    paced: Annotated[bool, typer.Option(help="Also measure 64-sample blocks that arrive in real time.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print everything measured as JSON.")] = False,
) -> None:
    """Measure speed, steadiness, memory and latency on this machine, on one core.

    Example: ddsp-rt benchmark --to violin
    """
    result = measure(instrument, seconds, paced)
    if json:
        print(jsonlib.dumps(result, indent=2))
    else:
        show(result)


def measure(name: str = "violin", seconds: float = 5.0, paced: bool = True) -> dict:
    """All figures: speeds in seconds of audio per second of one core, shares of a block's duration, ms and MB."""
    before = resident()
    start = time.perf_counter()
    instrument = load(name)
    load_ms = 1000 * (time.perf_counter() - start)
    stream = instrument.stream(48_000)
    stream.process(tone(48_000, 0.5))
    memory_mb = (resident() - before) / 1e6
    audio = tone(48_000, seconds)
    whole = fastest(lambda: stream.process(audio))
    result = {
        "instrument": instrument.name,
        "processor": processor(),
        "kernels": _engine.KERNELS,
        "load_ms": load_ms,
        "memory_mb": memory_mb,
        "analysis_speed": seconds / fastest(lambda: _engine.analyse(audio, 48_000)),
        "transfer_speed": seconds / whole,
        "instances_per_core": int(seconds / whole),
        "blocks": [block_times(instrument, rate, block, seconds) for rate in RATES for block in BLOCKS],
        "latency": latency(instrument),
    }
    if paced:
        result["paced"] = paced_times(instrument, 48_000, 64, seconds)
    return result


def tone(rate: int, seconds: float, f0: float = 440.0, vibrato: float = 50.0, swell: float = 0.0) -> np.ndarray:
    """float32 [samples]: ten harmonics, a vibrato of ±`vibrato` cents at 5 Hz, swells of ±`swell` dB at 3 Hz."""
    t = np.arange(int(seconds * rate)) / rate
    phase = np.cumsum(f0 * 2 ** (vibrato / 1200 * np.sin(2 * np.pi * 5 * t))) / rate
    audio = sum(np.sin(2 * np.pi * h * phase) / h for h in range(1, 11) if h * f0 < 0.4 * rate)
    return (0.1 * audio * 10 ** (swell / 20 * np.sin(2 * np.pi * 3 * t))).astype(np.float32)


def fastest(run: Callable[[], object]) -> float:
    """Seconds of processor time of the best of some runs."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def block_times(instrument: Instrument, rate: int, block: int, seconds: float) -> dict:
    """Back to back: mean and 99.9th percentile of the time of a block over its duration; the best of some runs."""
    audio, best = tone(rate, seconds), None
    for _ in range(RUNS):
        times = timed_blocks(instrument.stream(rate), audio, block, rate, paced=False)
        share = times * rate / block
        figures = {"mean": float(share.mean()), "p999": float(np.quantile(share, 0.999))}
        best = figures if best is None or figures["p999"] < best["p999"] else best
    return {"rate": rate, "block": block, **best}


def paced_times(instrument: Instrument, rate: int, block: int, seconds: float) -> dict:
    """Blocks that arrive in real time, beside an empty callback in the same run; the best of some runs."""
    audio, best = tone(rate, seconds), None

    class Empty:
        @staticmethod
        def process(samples):
            return samples

    for _ in range(RUNS):
        figures = {}
        for label, stream in (("instrument", instrument.stream(rate)), ("empty", Empty())):
            share = timed_blocks(stream, audio, block, rate, paced=True) * rate / block
            figures |= {f"{label}_mean": float(share.mean()), f"{label}_p999": float(np.quantile(share, 0.999))}
        best = figures if best is None or figures["instrument_p999"] < best["instrument_p999"] else best
    return {"rate": rate, "block": block, **best}


def timed_blocks(stream, audio: np.ndarray, block: int, rate: int, paced: bool) -> np.ndarray:
    """Seconds that each block took [blocks]; the first tenth of a second, in which caches fill, is left out."""
    blocks = [audio[i : i + block] for i in range(0, len(audio) - block + 1, block)]
    times = np.zeros(len(blocks))
    gc.disable()
    try:
        begin = time.perf_counter()
        for index, samples in enumerate(blocks):
            if paced:
                time.sleep(max(0.0, begin + index * block / rate - time.perf_counter()))
            start = time.perf_counter()
            stream.process(samples)
            times[index] = time.perf_counter() - start
    finally:
        gc.enable()
    return times[int(0.1 * rate / block) :]


def latency(instrument: Instrument) -> dict:
    """Milliseconds from input to output, reverb off, host buffering not in it, at 48 kHz."""
    rate = 48_000

    def play(audio: np.ndarray) -> np.ndarray:
        return dry(instrument, rate).process(audio)

    onset = onset_latency(dry(instrument, rate), rate)
    swelling = tone(rate, 4.0, swell=9.0)
    return {
        "loudness_lag_ms": loudness_lag(swelling, play(swelling), rate),
        "pitch_lag_ms": {f0: pitch_lag(wave, play(wave), rate) for f0 in (98, 196, 400) for wave in [tone(rate, 4.0, f0)]},
        "onset_ms": onset.median,
        "onset_jitter_ms": onset.jitter,
        "onsets_missed": onset.missed,
    }


def dry(instrument: Instrument, rate: int) -> Stream:
    return instrument.stream(rate, reverb=0.0)


def resident() -> int:
    """Bytes of memory this process holds; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096
    except OSError:
        return 0


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as cpuinfo:
            return next(line.split(":")[1].strip() for line in cpuinfo if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def show(result: dict) -> None:
    """The figures as tables on standard output."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 100)
    console.print(f"{result['instrument']} on {result['processor']}, one core, {result['kernels']} kernels")
    console.print(
        f"analysis {result['analysis_speed']:.0f} and whole transfer {result['transfer_speed']:.0f} times real time at 48 kHz; "
        f"about {result['instances_per_core']} instances a core; loads in {result['load_ms']:.0f} ms, {result['memory_mb']:.0f} MB"
    )
    table = Table("block (samples)", *(f"{rate / 1000:g} kHz: mean, 99.9 %" for rate in RATES), title="block time / block duration")
    for block in BLOCKS:
        row = [next(b for b in result["blocks"] if (b["rate"], b["block"]) == (rate, block)) for rate in RATES]
        table.add_row(str(block), *(f"{100 * b['mean']:.1f} %, {100 * b['p999']:.1f} %" for b in row))
    console.print(table)
    if "paced" in result:
        p = result["paced"]
        console.print(
            f"paced, {p['block']} samples at {p['rate']} Hz: mean {100 * p['instrument_mean']:.1f} %, 99.9th percentile "
            f"{100 * p['instrument_p999']:.1f} % (an empty callback: {100 * p['empty_mean']:.1f} %, {100 * p['empty_p999']:.1f} %)"
        )
    lag = result["latency"]
    pitch = ", ".join(f"{ms:.0f} ms at {f0} Hz" for f0, ms in lag["pitch_lag_ms"].items())
    console.print(
        f"lag, reverb off, without host buffers: loudness {lag['loudness_lag_ms']:.0f} ms; pitch {pitch}; "
        f"onset {lag['onset_ms']:.0f} ms, jitter {lag['onset_jitter_ms']:.0f} ms"
    )
