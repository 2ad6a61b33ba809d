"""Writes golden_features.safetensors: what analyser version 2 hears in the bundled phrase.

The file is kept: whoever must make it anew has changed what instruments hear. From the first release on that is a new
`kAnalyserVersion`, beside the old one (docs/decisions.md, "The analyser is frozen"); docs/analysis.md tells when it was
made anew before.

    python tests/data/make_golden_features.py
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ddsp_rt.analysis import analyse
from ddsp_rt.audio import read_audio

HERE = Path(__file__).parent
PHRASE = HERE.parents[1] / "examples" / "sung_phrase.flac"


def main() -> None:
    heard = analyse(*read_audio(PHRASE), mfcc=True)
    tensors = {name: getattr(heard, name) for name in ("f0", "periodicity", "loudness")}
    tensors["mfcc"] = np.ascontiguousarray(heard.mfcc[::25])
    save_file(tensors, HERE / "golden_features.safetensors")


if __name__ == "__main__":
    main()
