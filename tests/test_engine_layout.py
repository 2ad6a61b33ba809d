"""The engine's folders are the stages of the signal path: what a stage includes stands before it."""

import re
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[1] / "engine" / "ddsp_rt"
# In the order of the signal path; "" is the vocabulary that lies in no folder.
STAGES = ["", "files", "kernels", "analysis", "network", "synthesis", "instrument", "playing", "live"]
SOURCES = sorted(path for path in ENGINE.rglob("*") if path.suffix in {".h", ".cpp", ".inl"})


def stage_of(name: str) -> str:
    return name.rpartition("/")[0]


def test_every_source_lies_in_a_stage():
    assert {stage_of(str(path.relative_to(ENGINE))) for path in SOURCES} == set(STAGES)
    vocabulary = {path.stem for path in ENGINE.iterdir() if path.is_file()}
    assert vocabulary == {"features", "controls", "frame_clock", "realtime", "quantiles"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_includes_only_itself_and_what_stands_before_it(stage):
    allowed = STAGES[: STAGES.index(stage) + 1]
    found = 0
    for path in SOURCES:
        if stage_of(str(path.relative_to(ENGINE))) != stage:
            continue
        for line in path.read_text().splitlines():
            quoted = re.match(r'\s*#\s*include\s*"(.*)"', line)
            if not quoted:
                continue
            assert quoted[1].startswith("ddsp_rt/"), f"{path}: {line}"
            included = quoted[1].removeprefix("ddsp_rt/")
            assert (ENGINE / included).is_file(), f"{path}: {line}"
            assert stage_of(included) in allowed, f"{path} includes {included}, which comes after {stage or 'it'}"
            found += 1
    assert found or not stage  # the vocabulary builds on nothing
