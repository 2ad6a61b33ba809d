"""One line a property of what the analyser hears: run it before and after each change of the analyser.

    DATA=recordings python benchmarks/pitch/scorecard.py [--only PART ...] [--json FILE]

Figures are per cent unless they say otherwise. Under a minute once material and judges' opinions are cached in build/.
"""

import argparse
import json
import os
import pickle
from pathlib import Path

import lines
import material
import measure
import numpy as np
import recordings
import soundfile as sf
from material import FRAME_RATE, Sound
from reference import judged

import ddsp_rt

VOICED = measure.VOICED
CACHE = Path("build/pitch-reference")
RATES = (16000, 44100, 48000, 96000, 192000)
NOISE_DBFS = (-10, -30, -60)
HALF_OCTAVE = 600.0  # cents
PHRASES = {
    "cello": ["cello/sms-tools_phrase/*.flac"],
    "flute": ["flute/berklee_trills/*.flac"],
    "sax": ["saxophone/sms-tools_phrases/*.flac"],
    "voice": ["voice/sms-tools_phrases/*.flac", "voice/vocadito/*.flac"],
    "trumpet": ["trumpet/librosa_phrase/*.flac"],
    "violin": ["violin/bach-*_mono/*.flac"],
    "talk-sung": ["voice/everythingisfree_lead/*.flac"],
}
PARTS = {"violin/bach": (20, 50), "voice/everythingisfree": (10, 35)}  # s of long recordings that are judged


def kept(name: str, make):
    """What make() gives, kept between runs."""
    path = CACHE / f"{name}.pickle"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(make()))
    return pickle.loads(path.read_bytes())


def notes_right(sounds: list[Sound], track) -> dict[str, float]:
    """Settled frames voiced and within 50 cents of the note (the player's tuning taken off), and what the rest are."""
    errors, voiced = [], []
    for sound in sounds:
        heard = track(sound.audio, sound.rate)
        n = min(len(heard.f0), len(sound.f0))
        judged_frames = sound.settled[:n] & (sound.f0[:n] > 0)
        error = measure.cents(heard.f0[:n][judged_frames], sound.f0[:n][judged_frames])
        if np.any(np.abs(error) < 100):
            error = error - np.median(error[np.abs(error) < 100])
        errors.append(error)
        voiced.append(heard.periodicity[:n][judged_frames] >= VOICED)
    error, voiced = np.concatenate(errors), np.concatenate(voiced)
    return {
        "right": 100 * np.mean(np.abs(error) < 50),
        "beyond_half_an_octave": 100 * np.mean(voiced & (np.abs(error) > HALF_OCTAVE)),
        "unvoiced": 100 * np.mean(~voiced),
        "frames": len(error),
    }


def excursions(f0: np.ndarray, voiced: np.ndarray, reference: np.ndarray) -> int:
    """Places where f0 goes 3 semitones away and comes back within 150 ms; not those that the reference makes too."""
    octaves = np.log2(f0)
    count, done = 0, 0
    for k in 1 + np.flatnonzero((np.abs(np.diff(octaves)) > 3 / 12) & voiced[1:] & voiced[:-1]):
        ahead = np.abs(octaves[k : k + 38] - octaves[k - 1]) < 1 / 12
        if k < done or not ahead.any():
            continue
        done = k + int(np.argmax(ahead)) + 1
        near = reference[max(0, k - 5) : done + 1]
        near = near[near > 0]
        count += not np.any(np.abs(np.log2(near) - np.median(octaves[k : done - 1])) < 1 / 12)
    return count


def settled(reference: np.ndarray) -> np.ndarray:
    """Frames from 50 ms into a stretch without steps of more than 80 cents."""
    with np.errstate(divide="ignore", invalid="ignore"):
        broken = np.abs(np.diff(np.log2(reference), prepend=0.0)) > 80 / 1200
    broken |= reference <= 0
    index = np.arange(len(reference))
    return index - np.maximum.accumulate(np.where(broken, index, 0)) >= 0.05 * FRAME_RATE


def phrases(data: Path, names: list[str], track) -> dict[str, float]:
    gross, judged_frames, voiced_frames, minutes, away, sounding = 0, 0, 0, 0.0, 0, 0
    for path in sorted(p for pattern in names for p in data.glob(pattern)):
        audio, rate = sf.read(path, dtype="float32")
        key = path.relative_to(data).as_posix().replace("/", "_")
        audio = audio if audio.ndim == 1 else audio.mean(axis=1)
        for start, (begin, end) in PARTS.items():
            if path.relative_to(data).as_posix().startswith(start):
                audio, key = audio[begin * rate : end * rate], f"{key}_{begin}-{end}"
        reference = np.nan_to_num(judged(audio, rate, CACHE / f"{key}.npz").agreed)
        heard = track(audio, rate)
        n = min(len(reference), len(heard.f0))
        reference, f0, loudness = reference[:n], heard.f0[:n], heard.loudness[:n]
        voiced = heard.periodicity[:n] >= VOICED
        late = np.concatenate([np.zeros(2), reference[:-2]])  # as much later as a trailing window hears
        loud = loudness > np.percentile(loudness, 95) - 40
        counted = settled(late) & loud
        error = np.abs(measure.cents(f0[counted], late[counted]))
        judged_frames += counted.sum()
        voiced_frames += voiced[counted].sum()
        gross += np.sum(voiced[counted] & (error > HALF_OCTAVE))
        minutes += voiced.sum() / FRAME_RATE / 60
        away += excursions(f0, voiced, reference)
        sounding += loud.sum()
    return {
        "beyond_half_an_octave": 100 * gross / judged_frames,
        "voiced": 100 * voiced_frames / judged_frames,
        "excursions_per_minute": away / minutes,
        "judged": 100 * judged_frames / sounding,
    }


def noise_voiced(track) -> dict[str, float]:
    """Frames of noise called voiced, the worst of the levels."""
    worst = {}
    for sound in kept("noises", lambda: material.noises(seconds=6.0)):
        if sound.name == "silence":
            continue
        power = np.sqrt(np.mean(sound.audio**2))
        voiced = [
            np.mean(track(sound.audio * np.float32(10 ** (db / 20) / power), sound.rate).periodicity >= VOICED)
            for db in NOISE_DBFS
        ]
        worst[sound.name] = 100 * max(voiced)
    return worst


def pure(f0: float, rate: int, seconds: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * f0 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def steadiness(track) -> dict[str, float]:
    """Greatest standard deviation in cents of pure tones 60-2000 Hz."""
    result = {}
    for rate in RATES:
        worst, where = 0.0, 0.0
        for f0 in 60 * 2 ** np.arange(0, np.log2(2000 / 60), 0.27 if rate < 96000 else 0.61):
            heard = track(pure(f0, rate, 0.5), rate).f0[45:]
            spread = np.std(1200 * np.log2(heard)) + (1000 if abs(np.log2(np.median(heard) / f0)) > 0.01 else 0)
            if spread > worst:
                worst, where = spread, f0
        result[f"{rate}_cents"], result[f"{rate}_at_Hz"] = worst, where
    return result


def outside(data: Path, track) -> dict[str, float]:
    """Frames called outside on the right side, and called voiced, from 100 ms (200 below) after the start."""
    result = {}
    rng = np.random.default_rng(6)
    for name, pitches, weights, side in (
        ("whistle", 3200 * 2 ** np.arange(0, 1.01, 0.14), np.array([1.0, 0.03, 0.01]), 1),
        ("piccolo", 3200 * 2 ** np.arange(0, 0.4, 0.1), np.array([1.0, 0.4, 0.2]), 1),
        ("below", 25 * 2 ** np.arange(0, 0.58, 0.08), 1.0 / np.arange(1, 41), -1),
        ("below, bright", 25 * 2 ** np.arange(0, 0.58, 0.08), 1.0 / np.sqrt(np.arange(1, 41)), -1),
    ):
        right, voiced = [], []
        for pitch in pitches:
            audio = 0.1 * material.harmonic(np.full(24000, pitch), 48000, weights, rng)
            heard = track(material.add_noise(audio, 30.0, rng).astype(np.float32), 48000)
            right.append(np.asarray(heard.outside[25 if side > 0 else 50 :]) == side)
            voiced.append(heard.periodicity[25 if side > 0 else 50 :] >= VOICED)
        result[f"{name}: told"] = 100 * np.mean(np.concatenate(right))
        result[f"{name}: voiced"] = 100 * np.mean(np.concatenate(voiced))
    case = data.parent / "cases" / "piccolo_E7_A7.flac"
    if case.exists():
        audio, rate = sf.read(case, dtype="float32")
        heard = track(audio, rate)
        loud = heard.loudness > heard.loudness.max() - 30
        low = (heard.periodicity >= VOICED) & (heard.f0 < 2500)
        result["piccolo case: an octave inside"] = 100 * np.mean(low[loud])
    return result


def false_outside(data: Path, track) -> float:
    """Frames of phrases inside the range that are called outside."""
    told = []
    for name in ("cello", "flute", "sax", "voice", "trumpet"):
        for path in sorted(p for pattern in PHRASES[name] for p in data.glob(pattern)):
            audio, rate = sf.read(path, dtype="float32")
            heard = track(audio, rate)
            told.append(np.asarray(heard.outside)[heard.loudness > heard.loudness.max() - 40] != 0)
    return 100 * float(np.mean(np.concatenate(told)))


def scorecard(data: Path, track, only: list[str], held_out: bool = False) -> dict[str, dict[str, float]]:
    result = {}
    half = slice(int(held_out), None, 2)  # of the single notes

    def part(name, make):
        if not only or any(word in name for word in only):
            result[name] = make()

    tones = None
    for timbre in material.spectra(np.random.default_rng(1)):

        def tone_part(timbre=timbre):
            nonlocal tones
            tones = tones or kept("tones", lambda: material.tones(low=41.0, high=2800.0))
            return notes_right([s for s in tones if s.name == f"tones {timbre}"], track)

        part(f"tones, {timbre}", tone_part)
    part("low cello", lambda: notes_right(kept("low-cello", lambda: lines.low_cello(data))[half], track))
    part("low bass", lambda: notes_right(kept("low-bass", lambda: lines.low_bass(data))[half], track))
    for sound in kept("lines", lambda: made_lines(data)) if not only or "line" in only else []:
        part(f"line: {sound.name}", lambda sound=sound: notes_right([sound], track))
    for name, patterns in PHRASES.items():
        part(f"phrase: {name}", lambda patterns=patterns: phrases(data, patterns, track))
    part("noise voiced", lambda: noise_voiced(track))
    part("steadiness", lambda: steadiness(track))
    part("outside", lambda: outside(data, track) | {"false": false_outside(data, track)})

    def violin_part():
        name = "violin-held" if held_out else "violin"
        sounds = kept(name, lambda: [s if held_out else clip(s) for s in recordings.violin(data, held_out)])
        changes = kept(f"{name}-changes", lambda: {s.name: recordings.sounding_changes(s) for s in sounds})
        return measure.accuracy(sounds, track, tuned=False) | measure.prompt(sounds, track, lambda s: changes[s.name])

    def sax_part():
        sounds = kept("sax", lambda: [clip(s) for s in recordings.saxophone(data)[::2]])
        changes = kept("sax-changes", lambda: {s.name: recordings.sounding_changes(s) for s in sounds})
        return measure.accuracy(sounds, track) | measure.prompt(sounds, track, lambda s: changes[s.name])

    part("violin", violin_part)
    part("sax, rendered", sax_part)
    part("steps", lambda: steps_part(track))
    part("lags", lambda: {s.name: measure.lag(s, track)["lag_ms"] for s in kept("moving", material.moving)})
    return result


def steps_part(track) -> dict[str, float]:
    sound = kept("steps", material.steps)
    return measure.accuracy([sound], track) | measure.prompt(
        [sound], track, lambda s: [(n[0], n[2]) for n in s.notes[1:]]
    )


def clip(sound: Sound, start: float = 10.0, seconds: float = 40.0) -> Sound:
    a, b = int(start * sound.rate), int((start + seconds) * sound.rate)
    within = [(s - start, e - start, f) for s, e, f in sound.notes if s > start and e < start + seconds]
    return material.from_notes(sound.name, sound.audio[a:b], sound.rate, within)


def made_lines(data: Path) -> list[Sound]:
    cello = lines.low_cello(data)
    arco = lines.notes(data, ["cello/karoryfer-bigcat_notes/*.flac"], 65.4, 131.0, octaves_up=1)
    bass = list(lines.low_bass(data))
    flute = lines.notes(data, ["flute/tonejs_notes/*.flac"], 600.0, 1800.0)
    return [
        lines.legato(arco, "cello legato", room=False),
        lines.legato(arco, "cello legato in a room", room=True),
        lines.tremolo(arco[::3], "cello tremolo"),
        lines.staccato([s for s in cello if len(s.audio) < 2 * lines.RATE], "short cello strokes", room=True),
        lines.legato([s for s in bass if "vl" in s.name], "bass legato", room=False),
        lines.staccato([s for s in bass if "rr" in s.name][::2], "plucked bass", room=False),
        lines.staccato(flute * 3, "flute staccato in a room", room=True),
        lines.staccato(flute * 3, "flute staccato", room=False),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("DATA", "../shared/data"), help="recordings (or DATA=)"
    )
    parser.add_argument("--only", nargs="*", default=[], help="words of the parts wanted")
    parser.add_argument(
        "--held-out", action="store_true", help="other notes and the violins' last 30 s: not to tune by"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = scorecard(Path(options.data), ddsp_rt.analyse, options.only, options.held_out)
    for name, figures in result.items():
        print(f"{name:26}", "  ".join(f"{key} {value:.2f}" for key, value in figures.items()))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
