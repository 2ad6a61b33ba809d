"""Where SwiftF0 and pYIN agree: a reference for recordings whose true pitch nobody wrote down."""

from pathlib import Path

import numpy as np

RATE = 16000  # Hz
FRAME = 64  # samples, 4 ms
AGREEMENT = 50  # cents


def agreed_f0(audio: np.ndarray, rate: int, cache: Path) -> np.ndarray:
    """f0 [frames of 4 ms] in Hz, 0 where the two trackers are unvoiced or differ by more than 50 cents.

    SwiftF0 reads every 16 ms, pYIN (hop 4 ms, 64 ms frames) is centred; both are offline and lag by nothing.
    The result is kept as `cache`.
    """
    if cache.exists():
        return np.load(cache)
    import librosa
    import soxr
    from swift_f0 import SwiftF0

    audio = soxr.resample(audio, rate, RATE).astype(np.float32)
    swift = SwiftF0().detect(audio, RATE, fmin=50.0, fmax=2000.0)
    pyin, voiced, _ = librosa.pyin(
        audio.astype(np.float64), fmin=60, fmax=2000, sr=RATE, frame_length=1024, hop_length=FRAME
    )
    frames = 1 + len(audio) // FRAME
    time = np.arange(frames) * FRAME / RATE
    pyin = np.where(voiced, pyin, 0.0)[:frames]
    nearest = np.abs(time[:, None] - swift.timestamps[None, :]).argmin(axis=1)
    confident = swift.confidence[nearest] > 0.5
    log_f0 = np.interp(time, swift.timestamps, np.log2(np.maximum(swift.pitch_hz, 1.0)))
    with np.errstate(divide="ignore"):
        agree = np.abs(np.log2(np.maximum(pyin, 1e-9)) - log_f0) * 1200 < AGREEMENT
    reference = np.where(agree & confident, pyin, 0.0)
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.save(cache, reference)
    return reference
