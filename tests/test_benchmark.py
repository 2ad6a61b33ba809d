"""The benchmark measures everything it promises; the plain instrument is plain. No figure of time is judged."""

import json

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt import _engine
from ddsp_rt.benchmark import measures, tables
from ddsp_rt.evaluation.plain_instrument import PLAIN_DB, write_plain_instrument


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "plain.ddsp"
    write_plain_instrument(path)
    return ddsp_rt.load(path)


def test_the_plain_instrument_follows_loudness(plain):
    levels = np.repeat(np.linspace(-70, -30, 5), 20).astype(np.float32)
    voice = _engine.Voice(plain.engine, 48_000)
    parts = voice.render_parts(np.full_like(levels, 220.0), np.ones_like(levels), levels)
    np.testing.assert_allclose(20 * np.log10(parts["amplitude"]), levels + PLAIN_DB, atol=0.7)
    assert np.abs(parts["noise"]).max() < 1e-6


@pytest.mark.slow
def test_every_figure_is_there(plain, monkeypatch, capsys):
    monkeypatch.setattr(measures, "RUNS", 1)
    monkeypatch.setattr(measures, "EMPTY", 0.05)
    monkeypatch.setattr(measures, "RATES", (48_000,))
    monkeypatch.setattr(measures, "BLOCKS", (64, 2048))
    for module in (tables,):
        monkeypatch.setattr(module, "RATES", (48_000,))
        monkeypatch.setattr(module, "BLOCKS", (64, 2048))
    result = measures.measure(str(plain.path), seconds=0.2, paced=False, latency=False)
    result |= {"latency": dict.fromkeys(("engine", "instrument"), measures.delays(plain, -PLAIN_DB))}
    assert [(row["rate"], row["block"]) for row in result["blocks"]] == [(48_000, 64), (48_000, 2048)]
    json.dumps(result)

    def numbers(value):
        if isinstance(value, dict):
            return [n for v in value.values() for n in numbers(v)]
        if isinstance(value, list):
            return [n for v in value for n in numbers(v)]
        return [value] if isinstance(value, (int, float)) else []

    assert all(np.isfinite(numbers(result)))
    assert result["latency"]["engine"]["onsets_missed"] == 0
    assert 0 < result["latency"]["engine"]["loudness_lag_ms"] <= 12
    tables.show(result)
    shown = capsys.readouterr().out
    for word in ("instances a core", "2048", "denormal", "onset, jitter", "pitch lag at 98 Hz"):
        assert word in shown


@pytest.mark.parametrize("block", [1, 64, 1000])
def test_blocks_are_timed_one_by_one(plain, block):
    audio = np.zeros(4800, np.float32)
    for transfer in (None, _engine.Transfer(plain.engine, 48_000)):
        times = _engine.block_times(transfer, audio, 48_000, block)
        assert len(times) == 4800 // block
        assert (times >= 0).all()
    paced = _engine.block_times(None, audio[:960], 48_000, 480, True)
    assert len(paced) == 2
