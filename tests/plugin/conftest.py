"""The built plugins, and hosts that load them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("DDSP_RT_PLUGIN_BUILD", ROOT / "build" / "plugin" / "plugin"))
RATE = 48_000


def built(plugin: str, kind: str) -> Path:
    """The bundle of a plugin ("Transfer", "Instrument") in a format ("VST3", "LV2", "Standalone")."""
    ending = {"VST3": ".vst3", "LV2": ".lv2", "Standalone": ""}[kind]
    path = BUILD / f"{plugin}_artefacts" / "Release" / kind / f"DDSP-RT {plugin}{ending}"
    if not path.exists():
        pytest.skip("the plugins are not built (make plugin)")
    return path


@pytest.fixture(autouse=True)
def only_what_is_shipped(monkeypatch, tmp_path):
    """No instrument of this machine's user is found, and nothing is written where they lie."""
    monkeypatch.setenv("DDSP_RT_PATH", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def sung() -> np.ndarray:
    """Four seconds of the sung phrase, 48 kHz, float32 [samples]."""
    import soxr

    audio, rate = soundfile.read(ROOT / "examples" / "sung_phrase.flac", dtype="float32")
    return soxr.resample(audio, rate, RATE)[: 4 * RATE].astype(np.float32)
