"""Renders the cases that the Python package reaches, with the package of whichever interpreter runs this file.

    python python_cases.py INPUTS OUT

INPUTS holds `phrase-RATE.npy`, `notes-RATE.npy`, `phrase.flac` and the instruments; OUT takes a `.npy` for each case,
or an `.error` of one line. Only the package's public interface is used: it is what both revisions share.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import soundfile

import ddsp_rt

RATES = (44_100, 48_000, 96_000)
BLOCKS = (1, 64, 512)
INSTRUMENTS = ("violin", "golden")
MOVES = {  # of every parameter, from one value to another while it plays
    "transpose": (7, -5), "fine_tune": (40, -70), "input_gain": (-12, 6), "gate": (30, -10), "harmonic_gain": (-60, 6),
    "noise_gain": (8, -60), "breath": (-12, 6), "life": (0, 150), "brightness": (3, -4), "reverb": (0, 1.7),
    "dry_wet": (0.25, 0.9), "output_gain": (-6, -60), "glide": (200, 15), "auto_fit": (1, 0),
}  # fmt: skip


def played(stream, audio, block, changes=()):
    """A stream's output in blocks; `changes` are (sample, parameter, value), made before the block they fall into."""
    changes = sorted(changes)
    out = []
    for start in range(0, len(audio), block):
        while changes and changes[0][0] <= start:
            stream.set(*changes.pop(0)[1:])
            if start == 0:
                stream.reset()  # it used to move there from the initial value; now it holds at once
        out.append(stream.process(audio[start : start + block]))
    return np.concatenate(out)


def cases(inputs):
    """(name, function that renders it), in order."""
    heard = {(n, r): np.load(inputs / f"{n}-{r}.npy") for n in ("phrase", "notes") for r in RATES}
    for (name, rate), audio in heard.items():
        yield f"features/{name}/{rate}", lambda audio=audio, rate=rate: features(audio, rate)
    for who in INSTRUMENTS:
        instrument = ddsp_rt.load(inputs / f"{who}.ddsp")
        for rate in RATES:
            phrase, notes = heard["phrase", rate], heard["notes", rate]
            yield from transfers(f"{who}/{rate}", instrument, rate, phrase, notes)
        rate = 48_000
        phrase = heard["phrase", rate][: 2 * rate]
        for name, (first, second) in MOVES.items():
            changes = [(0, name, first), (rate, name, second)]
            yield (
                f"parameter/{name}/{who}",
                lambda i=instrument, c=changes, a=phrase, r=rate: played(fitted(i, a, r), a, 512, c),
            )
    yield from commands(inputs)


def transfers(name, instrument, rate, phrase, notes):
    yield f"transfer/phrase/{name}", lambda: instrument.transfer(phrase, rate)
    yield f"transfer/notes/{name}", lambda: instrument.transfer(notes[: 2 * rate], rate, octave="auto", loudness=3.0)
    yield (
        f"transfer/mean z, octave, reverb/{name}",
        lambda: instrument.transfer(phrase, rate, octave=1, loudness=-4.5, reverb=0.5, z="mean", tail=False),
    )
    yield f"no fit/{name}", lambda: instrument.stream(rate, None).process(phrase)
    for block in BLOCKS:
        part = phrase[: rate if block == 1 else 3 * rate]
        yield (
            f"blocks of {block}/{name}",
            lambda part=part, block=block: played(fitted(instrument, phrase, rate), part, block),
        )
    changes = [(index * rate // 8, parameter, move[0]) for index, (parameter, move) in enumerate(MOVES.items())]
    yield f"all parameters/{name}", lambda: played(fitted(instrument, phrase, rate), phrase[: 2 * rate], 64, changes)
    yield f"auto_fit/{name}", lambda: played(instrument.stream(rate, None), notes, 512, [(0, "auto_fit", 1)])

    def again():
        stream = fitted(instrument, phrase, rate)
        first = stream.process(phrase[:rate])
        stream.reset()
        return np.concatenate([first, stream.process(phrase[:rate]), stream.tail()])

    yield f"reset and tail/{name}", again


def fitted(instrument, audio, rate):
    return instrument.stream(rate, instrument.fit(ddsp_rt.analyse(audio, rate)))


def features(audio, rate):
    heard = ddsp_rt.analyse(audio, rate, mfcc=True)
    return np.column_stack([heard.f0, heard.periodicity, heard.loudness, heard.mfcc])


def commands(inputs):
    command = Path(sysconfig.get_path("scripts")) / "ddsp-rt"
    for who in INSTRUMENTS:
        for name, options in {
            "plain": (),
            "float at 96 kHz": ("--bit-depth", "float", "--sample-rate", "96000"),
            "24 bits, fitted by hand": ("--bit-depth", "24", "--octave", "1", "--loudness", "-3", "--reverb", "0.3"),
        }.items():

            def run(who=who, options=options):
                out = inputs / "out.wav"
                arguments = [command, "transfer", inputs / "phrase.flac", "--to", inputs / f"{who}.ddsp", "-o", out]
                done = subprocess.run([*map(str, arguments), *options], capture_output=True, text=True)
                if done.returncode:
                    raise RuntimeError(done.stderr.strip() or f"exit code {done.returncode}")
                exact = "float32" if "float" in options else "int32"
                audio = soundfile.read(out, dtype=exact)[0]
                out.unlink()
                return audio

            yield f"ddsp-rt transfer, {name}/{who}", run


def main(inputs, out):
    for name, render in cases(inputs):
        target = out / f"{name.replace('/', '@')}.npy"
        try:
            np.save(target, render())
        except Exception as error:
            target.with_suffix(".error").write_text(f"{type(error).__name__}: {error}".splitlines()[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
