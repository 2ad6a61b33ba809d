"""Two instruments in minihost: what lies between them is what Python plays there."""

import numpy as np
import pytest

import ddsp_rt

from .conftest import RATE
from .states import edited
from .test_minihost import KINDS, notes, opened, played, setting

SECOND = {"name": "cello", "path": "", "sha256": ""}


def morphing(plugin, kind, second=SECOND, **parameters):
    """A plugin whose session has a second instrument."""
    host = opened(plugin, kind)
    host.non_realtime = True

    def change(document):
        assert document["version"] == 3
        document["second"] = second
        document["parameters"] |= parameters

    host.set_state(edited(host.get_state(), change))
    return host


def between(amount):
    return ddsp_rt.Morph(ddsp_rt.load("violin"), ddsp_rt.load("cello"), amount)


@pytest.mark.parametrize("kind", KINDS)
def test_between_two_instruments_it_plays_what_python_plays_there(kind, sung):
    heard = played(morphing("Transfer", kind, morph=40), sung)
    wanted = between(40).stream(RATE).process(sung)
    assert np.abs(heard - wanted).max() < 1e-6
    alone = ddsp_rt.load("violin").stream(RATE).process(sung)
    assert np.abs(wanted - alone).max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_morph_is_automated_as_python_sets_it(kind, sung):
    host = morphing("Transfer", kind)
    stream = between(0).stream(RATE)
    largest = 0.0
    for done in range(0, len(sung), 512):
        amount = 25 * (done // 512 % 5)  # steps that its smoothing has to take the edge off
        setting(host, "Morph", amount)
        stream.set("morph", amount)
        part = sung[done : done + 512]
        largest = max(largest, np.abs(played(host, part) - stream.process(part)).max())
    assert largest < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_brings_both_instruments_back(kind):
    key = [(0.0, 0x90, 64, 100)]
    first = morphing("Instrument", kind, morph=60)
    again = opened("Instrument", kind)
    again.non_realtime = True
    again.set_state(first.get_state())
    wanted = notes(first, key, 1.0)
    assert np.array_equal(notes(again, key, 1.0), wanted)
    assert not np.array_equal(notes(opened("Instrument", kind), key, 1.0), wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_instrument_that_is_missing_leaves_the_first_alone(kind, sung):
    missing = {"name": "none of this name", "path": "/nowhere/none.ddsp", "sha256": ""}
    heard = played(morphing("Transfer", kind, missing, morph=40), sung[:RATE])
    assert np.abs(heard - ddsp_rt.load("violin").stream(RATE).process(sung[:RATE])).max() < 1e-6
