"""The VST3s in dawdreamer, which renders offline."""

import numpy as np
import pytest

import ddsp_rt

from .conftest import RATE, built

dawdreamer = pytest.importorskip("dawdreamer")


def test_a_file_rendered_offline_is_what_plays_live(sung):
    engine = dawdreamer.RenderEngine(RATE, 512)
    source = engine.make_playback_processor("voice", np.stack([sung, sung]))
    effect = engine.make_plugin_processor("transfer", str(built("Transfer", "VST3")))
    assert effect.get_latency_samples() == 0
    engine.load_graph([(source, []), (effect, ["voice"])])
    engine.render(len(sung) / RATE)
    heard = engine.get_audio()[0][: len(sung)]
    wanted = ddsp_rt.load("violin").stream(RATE).process(sung)
    assert np.abs(heard - wanted).max() < 1e-6


def test_a_note_is_played_where_it_stands():
    engine = dawdreamer.RenderEngine(RATE, 128)
    synth = engine.make_plugin_processor("instrument", str(built("Instrument", "VST3")))
    synth.add_midi_note(69, 100, 0.5, 1.0)
    engine.load_graph([(synth, [])])
    engine.render(2.0)
    heard = engine.get_audio()[0]
    assert not heard[: RATE // 2].any()
    begun = np.flatnonzero(np.abs(heard) > 1e-4)[0] / RATE
    assert 0.5 <= begun < 0.55
