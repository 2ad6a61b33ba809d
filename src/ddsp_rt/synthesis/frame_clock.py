"""The 4 ms clock, as in the engine: frame k begins at sample round(k * rate / 250), halves upwards."""

import torch
from torch import Tensor


def frame_start(frame: int, rate: int) -> int:
    """First sample of frame `frame` at `rate` Hz, in exact integers."""
    return (2 * frame * rate + 250) // 500


def max_frame_length(rate: int) -> int:
    """Samples in the longest frame at `rate` Hz."""
    return (rate + 249) // 250


def frame_count(samples: int, rate: int) -> int:
    """Frames that begin within the first `samples` samples."""
    if samples <= 0:
        return 0
    frame = samples * 250 // rate
    while frame_start(frame, rate) >= samples:
        frame -= 1
    while frame_start(frame + 1, rate) < samples:
        frame += 1
    return frame + 1


def frame_starts(frames: int, rate: int, device: torch.device, first: int = 0) -> Tensor:
    """First samples of frames `first` to `first + frames`, int64 [frames + 1]."""
    index = torch.arange(first, first + frames + 1, device=device)
    return torch.div(2 * rate * index + 250, 500, rounding_mode="floor")


def frame_lengths(frames: int, rate: int, device: torch.device, first: int = 0) -> Tensor:
    """Samples in each of the frames from `first` on, int64 [frames]."""
    starts = frame_starts(frames, rate, device, first)
    return starts[1:] - starts[:-1]


def join_frames(padded: Tensor, rate: int, first: int = 0) -> Tensor:
    """[batch, frames, max_frame_length(rate)] -> [batch, samples], the padding of short frames dropped."""
    batch, frames, longest = padded.shape
    if rate % 250 == 0:
        return padded.reshape(batch, frames * longest)
    lengths = frame_lengths(frames, rate, padded.device, first)
    kept = torch.arange(longest, device=padded.device) < lengths.unsqueeze(1)  # [frames, longest]
    return padded.reshape(batch, frames * longest)[:, kept.reshape(-1)]
