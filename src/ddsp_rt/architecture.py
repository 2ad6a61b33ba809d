"""The sizes of an instrument's networks, and the names and shapes of the tensors that follow from them.

Needs nothing but Python, so that instrument files can be checked where PyTorch is not installed.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

MFCC_COUNT = 30  # coefficients per frame that the encoder listens to
FEATURES = ("f0", "loudness", "periodicity", "fast_loudness", "balance", "z")  # what a decoder may be given
COMPLETED = ("fast_loudness", "balance")  # of them, those whose usual values an instrument file holds

# Largest sizes an instrument file may ask for. Far above any useful instrument, low enough to be harmless.
MAX_WIDTH = 2048
MAX_LAYERS = 16
MAX_HARMONICS = 1024
MAX_NOISE_BANDS = 1025
MAX_Z_DIMS = 256
MAX_WAVES = 64  # of a feature, and the fastest of them
MAX_REVERB = 192_000 * 10  # samples


class ArchitectureError(ValueError):
    """A size or a feature name that cannot be; the message names it."""


def _size(table: dict[str, Any], owner: str, name: str, low: int, high: int, default: int | None = None) -> int:
    value = table.get(name, default)
    if value is None:
        raise ArchitectureError(f"{owner}.{name} is missing")
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ArchitectureError(f"{owner}.{name} must be a whole number from {low} to {high}")
    return value


def check_waves(waves: Any) -> None:
    """Multiples of half a turn by which a feature is also read as sine and cosine, by the feature's name."""
    if not isinstance(waves, Mapping):
        raise ArchitectureError("decoder.waves must be an object")
    for name, multiples in waves.items():
        where = f"decoder.waves.{name}"
        if not isinstance(multiples, (list, tuple)) or not 2 <= len(multiples) <= MAX_WAVES:
            raise ArchitectureError(f"{where} must be a list of 2 to {MAX_WAVES} numbers")
        for value in multiples:
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_WAVES:
                raise ArchitectureError(f"{where} must be a number from 0 to {MAX_WAVES}")
        if any(after < before for before, after in itertools.pairwise(multiples)):
            raise ArchitectureError(f"{where} must not fall")


def _waves(decoder: dict[str, Any], names: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Those of the features that are read; what is said of others counts as unknown."""
    waves = decoder.get("waves")
    if waves is None:
        return {}
    if not isinstance(waves, dict):
        raise ArchitectureError("decoder.waves must be an object")
    read = {name: waves[name] for name in names if name != "z" and waves.get(name) is not None}
    check_waves(read)
    return {name: tuple(multiples) for name, multiples in read.items()}


@dataclass(frozen=True)
class DecoderSpec:
    """Sizes of the control network; the defaults are those of the shipped instruments."""

    features: tuple[str, ...] = ("f0", "loudness", "periodicity")  # in the order they are joined
    hidden: int = 64  # width of the layers that read one feature
    layers: int = 2  # how many of them
    gru: int = 256  # width of the recurrent layer
    out_hidden: int = 128  # width of the layers after it
    out_layers: int = 2
    harmonics: int = 100
    noise_bands: int = 65
    z_dims: int = 0  # 0: no z
    waves: dict[str, tuple[float, ...]] = field(default_factory=dict)  # by feature: see `check_waves`

    def __post_init__(self) -> None:
        table, owner = asdict(self), "decoder"
        names = self.features
        if not names or len(set(names)) != len(names):
            raise ArchitectureError(f"{owner}.features must be a list of different names")
        for name in names:
            if name not in FEATURES:
                raise ArchitectureError(f"{owner}.features has {name!r}; known are {', '.join(FEATURES)}")
        _size(table, owner, "hidden", 1, MAX_WIDTH)
        _size(table, owner, "layers", 1, MAX_LAYERS)
        _size(table, owner, "gru", 1, MAX_WIDTH)
        _size(table, owner, "out_hidden", 1, MAX_WIDTH)
        _size(table, owner, "out_layers", 1, MAX_LAYERS)
        _size(table, owner, "harmonics", 1, MAX_HARMONICS)
        _size(table, owner, "noise_bands", 2, MAX_NOISE_BANDS)
        _size(table, owner, "z_dims", 0, MAX_Z_DIMS)
        if ("z" in names) != (self.z_dims > 0):
            raise ArchitectureError(f"{owner}.z_dims must be above 0 exactly where features has 'z'")
        check_waves(self.waves)

    @property
    def outputs(self) -> int:
        """Width of the last layer: amplitude, harmonics, noise bands."""
        return 1 + self.harmonics + self.noise_bands

    def feature_width(self, name: str) -> int:
        return self.z_dims if name == "z" else 1 + 2 * len(self.waves_of(name))

    def waves_of(self, name: str) -> tuple[float, ...]:
        return () if name == "z" else tuple(self.waves.get(name, ()))


@dataclass(frozen=True)
class EncoderSpec:
    """Sizes of the network that turns MFCCs into z."""

    gru: int = 128
    z_dims: int = 16

    def __post_init__(self) -> None:
        _size(asdict(self), "encoder", "gru", 1, MAX_WIDTH)
        _size(asdict(self), "encoder", "z_dims", 1, MAX_Z_DIMS)


@dataclass(frozen=True)
class Architecture:
    """All parts of an instrument."""

    decoder: DecoderSpec = field(default_factory=DecoderSpec)
    encoder: EncoderSpec | None = None
    reverb_length: int = 0  # samples at the model rate; 0: no reverb

    def __post_init__(self) -> None:
        if (self.encoder.z_dims if self.encoder else 0) not in (0, self.decoder.z_dims):
            raise ArchitectureError("encoder.z_dims differs from decoder.z_dims")
        if self.decoder.z_dims and not self.encoder:
            raise ArchitectureError("decoder.z_dims is above 0 but there is no encoder")
        _size({"length": self.reverb_length}, "reverb", "length", 0, MAX_REVERB)

    def to_dict(self) -> dict[str, Any]:
        """The form it has in an instrument file."""
        decoder = asdict(self.decoder)
        decoder["features"] = list(self.decoder.features)
        decoder["waves"] = {name: list(waves) for name, waves in self.decoder.waves.items()}
        if not decoder["waves"]:
            del decoder["waves"]
        return {
            "decoder": decoder,
            "encoder": asdict(self.encoder) if self.encoder else None,
            "reverb": {"length": self.reverb_length} if self.reverb_length else None,
        }

    @classmethod
    def from_dict(cls, table: Any) -> Architecture:
        """Read the form of an instrument file. Unknown keys are ignored; raises ArchitectureError."""
        if not isinstance(table, dict) or not isinstance(table.get("decoder"), dict):
            raise ArchitectureError("decoder is missing")
        decoder = table["decoder"]
        names = decoder.get("features")
        if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
            raise ArchitectureError("decoder.features must be a list of different names")
        sizes = {f.name: decoder.get(f.name) for f in fields(DecoderSpec) if f.name not in ("features", "waves")}
        sizes["z_dims"] = decoder.get("z_dims", 0)
        for name, value in sizes.items():
            if value is None:
                raise ArchitectureError(f"decoder.{name} is missing")
        encoder = table.get("encoder")
        if encoder is not None:
            if not isinstance(encoder, dict):
                raise ArchitectureError("encoder must be an object or null")
            encoder = EncoderSpec(
                _size(encoder, "encoder", "gru", 1, MAX_WIDTH), _size(encoder, "encoder", "z_dims", 1, MAX_Z_DIMS)
            )
        reverb, length = table.get("reverb"), 0
        if reverb is not None:
            if not isinstance(reverb, dict):
                raise ArchitectureError("reverb must be an object or null")
            length = _size(reverb, "reverb", "length", 1, MAX_REVERB)
        return cls(DecoderSpec(features=tuple(names), waves=_waves(decoder, names), **sizes), encoder, length)

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every tensor of the instrument, as in the twin's `state_dict`."""
        shapes: dict[str, tuple[int, ...]] = {}

        def dense(name: str, inputs: int, outputs: int) -> None:
            shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (outputs, inputs), (outputs,)

        def norm(name: str, width: int) -> None:
            shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (width,), (width,)

        def stack(name: str, inputs: int, width: int, layers: int) -> None:
            for layer in range(layers):
                dense(f"{name}.{layer}.dense", width if layer else inputs, width)
                norm(f"{name}.{layer}.norm", width)

        def gru(name: str, inputs: int, width: int) -> None:
            shapes[f"{name}.weight_ih_l0"], shapes[f"{name}.bias_ih_l0"] = (3 * width, inputs), (3 * width,)
            shapes[f"{name}.weight_hh_l0"], shapes[f"{name}.bias_hh_l0"] = (3 * width, width), (3 * width,)

        spec = self.decoder
        for feature in spec.features:
            stack(f"decoder.inputs.{feature}", spec.feature_width(feature), spec.hidden, spec.layers)
        joined = spec.hidden * len(spec.features)
        gru("decoder.gru", joined, spec.gru)
        stack("decoder.out", spec.gru + joined, spec.out_hidden, spec.out_layers)
        dense("decoder.head", spec.out_hidden, spec.outputs)
        if self.encoder:
            norm("encoder.norm", MFCC_COUNT)
            gru("encoder.gru", MFCC_COUNT, self.encoder.gru)
            dense("encoder.dense", self.encoder.gru, self.encoder.z_dims)
        if self.reverb_length:
            shapes["reverb.impulse_response"] = (self.reverb_length,)
        return shapes
