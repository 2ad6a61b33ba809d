"""What `make evaluate` says of two results: what moved, and that nothing missing passes."""

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt.evaluation import judges, performance
from ddsp_rt.evaluation.report import evaluate, transfer_timbre


@pytest.fixture(scope="module")
def figures(load_benchmark):
    return load_benchmark("figures")


def test_no_result_is_missed_and_never_passed(figures):
    def figure(value, **more):
        return figures.Figure("g", "f0 L1", value, "semitones", 0.01, -1, high=0.2, **more)

    assert not figure(0.2).missed
    assert figure(0.21).missed
    assert figure(None).missed
    assert figure(0.1, judged=2, of=3).missed
    assert "1 of 3 without" in figure(0.1, judged=2, of=3).verdict
    assert not figures.Figure("g", "free", None, "", 0.1).missed
    slope = figures.Figure("g", "slope", 0.7, "", 0.1, low=0.8, high=1.25)
    assert slope.missed
    assert slope.wanted == "0.8 to 1.25"


def test_what_moved_is_told_with_its_direction(figures):
    def run(**values):
        goals = {"error": -1, "score": 1, "neutral": 0, "kept": -1}
        return [figures.Figure("g", name, value, "", 0.1, goals[name]) for name, value in values.items()]

    rows = figures.moved(
        run(error=1.0, score=1.0, neutral=1.0, kept=1.0), run(error=0.5, score=0.5, neutral=0.5, kept=1.05)
    )
    assert {now.name: verdict for _, now, verdict in rows} == {"error": "better", "score": "worse", "neutral": ""}
    assert [verdict for *_, verdict in figures.moved(run(error=1.0), run(error=None))] == ["gone"]
    assert [verdict for *_, verdict in figures.moved(run(error=None), run(error=1.0))] == ["new"]
    assert figures.moved(run(error=None), run(error=None)) == []


@pytest.mark.parametrize(
    ("was", "now", "verdict"),
    [(58, -3, "better"), (-3, 58, "worse"), (7, 3, "better"), (0, -4, "worse"), (-4, 4, ""), (3, None, "gone")],
)
def test_a_lag_is_better_the_nearer_it_is_to_none(figures, was, now, verdict):
    def run(value):
        found = dict.fromkeys(("f0", "tracker", "gaps", "consonants", "f0_judged", "excursions_per_minute"))
        found |= {"files": [], "dynamics": {"fitted": None, "output": None}}
        played = found | {"loudness_lag_ms": value, "pitch_lag_ms": value}
        return figures.figures_of({"resynthesis": None, "transfers": {"g": played}})

    told = {new.name: verdict for _, new, verdict in figures.moved(run(was), run(now))}
    assert told == {"loudness lag": verdict, "pitch lag": verdict}


def test_a_lag_before_any_answer_is_no_result(monkeypatch, instrument_path, tmp_path, tone):
    assert performance.possible(float("nan")) is None
    found = [performance.possible(lag) for lag in (-59.0, -2.0, 0.0, 7.0, 11.0)]
    assert found == [None, -2.0, 0.0, 7.0, 11.0]
    assert performance.median(found) == 3.5
    monkeypatch.setattr(judges, "NEEDED", {"no_such_module": "swift-f0"})
    for name in ("loudness_lag", "pitch_lag"):
        monkeypatch.setattr(performance, name, lambda *_: -59.0)
    ddsp_rt.write_audio(tmp_path / "take.wav", tone(16_000, 1.0), 16_000)
    scores = evaluate(ddsp_rt.load(instrument_path), [tmp_path / "take.wav"])
    assert scores["loudness_lag_ms"] is None and scores["pitch_lag_ms"] is None


def test_every_result_has_its_figures(figures, instrument_path, tmp_path, tone, monkeypatch):
    """The list is made from what `evaluate` returns, and a run without the judges misses its melody targets."""
    monkeypatch.setattr(judges, "NEEDED", {"no_such_module": "swift-f0"})
    path = tmp_path / "take.wav"
    ddsp_rt.write_audio(path, np.concatenate([tone(16000, 1.0), tone(16000, 1.0, 660)]), 16000)
    own = evaluate(ddsp_rt.load(instrument_path), [path], transfers=[path])
    played = own.pop("transfers")
    assert played["timbre"] is None  # 2 s are not enough
    result = {"resynthesis": own, "training_part_timbre": None, "transfers": {"takes": played}}
    found = figures.figures_of(result)
    assert len({(figure.group, figure.name) for figure in found}) == len(found) > 40
    missed = {(figure.group, figure.name) for figure in found if figure.missed}
    assert {("takes", "f0 L1"), ("test part", "f0 L1")} <= missed
    assert figures.moved(found, found) == []


def test_timbre_of_transfers_needs_a_minute_and_the_instruments_own(monkeypatch):
    random = np.random.default_rng(0)
    own, source, near = (random.standard_normal((500, 19)) + shift for shift in (0, 3, 1))
    pools = {"recording": [own], "source": [source[:250], source[250:]], "played": [near]}
    found = transfer_timbre(pools, 60.0)
    assert found["share"] == pytest.approx(1 / 9, rel=0.15)  # the means are 1 and 3 away: squared distances
    assert transfer_timbre(pools, 59.0) is None
    assert transfer_timbre({**pools, "recording": []}, 60.0) is None
