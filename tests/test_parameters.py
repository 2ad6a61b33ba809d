"""The parameters: one table for every front end, told the same everywhere."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt import _engine

ROOT = Path(__file__).parents[1]
OBJECTS = {"transfer": "ddsp.transfer~", "control": "ddsp~", "notes": "ddsp.notes~"}


@pytest.mark.parametrize("door", OBJECTS)
def test_every_parameter_is_in_the_manual_and_the_help_patch(door):
    manual = (ROOT / "docs" / "pure-data.md").read_text()
    section = manual[manual.index(f"## `[{OBJECTS[door]} NAME") :].split("\n## ")[0]
    help_patch = (ROOT / "pd" / "help" / f"{OBJECTS[door]}-help.pd").read_text()
    by_another_word = {"mean_z": "z mean", "level_in_db": "units db"}
    for row in _engine.parameters(door):
        assert f"`{row['name']}" in section, row["name"]
        assert by_another_word.get(row["name"], row["name"]) in help_patch, row["name"]


def test_a_door_shows_what_concerns_it_and_how():
    transfer, control = ({row["name"]: row for row in _engine.parameters(door)} for door in ("transfer", "control"))
    assert {"input_gain", "breath", "dry_wet", "auto_fit", "mean_z"} == set(transfer) - set(control)
    assert {"ratio", "level_in_db"} == set(control) - set(transfer)
    assert transfer["auto_fit"]["scale"] == "stepped"
    assert transfer["output_gain"]["scale"] == "decibels"
    assert transfer["glide"]["scale"] == "linear"
    assert all(row["title"] and row["title"][0].isupper() for row in transfer.values())
    with pytest.raises(ddsp_rt.UsageError, match="transfer, control, notes"):
        _engine.parameters("window")


def test_values_out_of_range_are_held_and_nan_is_the_initial_value(instrument_path):
    stream = ddsp_rt.load(instrument_path).stream(48_000)
    for row in stream.parameters():
        for value, expected in ((1e9, row["maximum"]), (-np.inf, row["minimum"]), (np.nan, row["initial"])):
            stream.set(row["name"], value)
            assert stream.get(row["name"]) == expected


def test_what_is_set_before_the_first_block_holds_from_its_first_sample(instrument_path):
    stream = ddsp_rt.load(instrument_path).stream(48_000)
    stream.set("dry_wet", 0)
    audio = (0.3 * np.sin(0.05 * np.arange(4800))).astype(np.float32)
    assert np.array_equal(stream.process(audio), audio)


def test_an_unknown_name_is_one_line_that_lists_the_known_ones(instrument_path):
    stream = ddsp_rt.load(instrument_path).stream(48_000)
    for ask in (lambda: stream.set("volume", 1), lambda: stream.get("volume"), lambda: stream.set("ratio", 1)):
        with pytest.raises(ddsp_rt.UsageError, match="transpose, fine_tune.*mean_z"):
            ask()


def test_a_fit_is_saved_and_restored(instrument_path):
    instrument, rate = ddsp_rt.load(instrument_path), 16_000
    time = np.arange(rate) / rate
    audio = (0.3 * np.sin(2 * np.pi * 110 * time) * np.abs(np.sin(3 * time))).astype(np.float32)
    fitting = instrument.fit(ddsp_rt.analyse(audio, rate))
    assert fitting.octave != 0
    played = instrument.stream(rate, fitting).process(audio)
    for again in (
        type(fitting).from_json(fitting.to_json()),
        copy.deepcopy(fitting),
        pickle.loads(pickle.dumps(fitting)),
    ):
        assert again.to_json() == fitting.to_json()
        assert np.array_equal(instrument.stream(rate, again).process(audio), played)
    with pytest.raises(ddsp_rt.DataError, match="octave"):
        type(fitting).from_json(fitting.to_json().replace('"octave":', '"octave":1e9,"x":'))
