"""The PyTorch control network: shapes, streaming, scripting, quiet start."""

import pytest

torch = pytest.importorskip("torch")

from ddsp_rt.architecture import Architecture, ArchitectureError, DecoderSpec, EncoderSpec
from ddsp_rt.network import Decoder, Encoder, InstrumentModel

WITH_Z = DecoderSpec(features=("f0", "loudness", "periodicity", "z"), hidden=16, gru=24, out_hidden=16, z_dims=4)

RICH = DecoderSpec(
    features=("f0", "loudness", "periodicity", "fast_loudness", "balance"), waves={"f0": (1, 2, 4), "loudness": (1, 4)}
)


def performance(batch=2, frames=30, z_dims=0):
    torch.manual_seed(1)
    f0 = 440 * 2 ** (torch.rand(batch, frames) * 4 - 2)
    z = torch.randn(batch, frames, z_dims) if z_dims else None
    return f0, torch.rand(batch, frames), torch.rand(batch, frames) * 80 - 90, z


def test_controls_have_the_spec_s_shapes_and_are_positive():
    decoder = Decoder(WITH_Z)
    amplitude, harmonics, noise, state = decoder(*performance(z_dims=4))
    assert amplitude.shape == (2, 30) and harmonics.shape == (2, 30, 100) and noise.shape == (2, 30, 65)
    assert state.shape == (1, 2, 24)
    assert min(amplitude.min(), harmonics.min(), noise.min()) > 0


def test_frame_by_frame_is_the_same_as_all_at_once():
    decoder = Decoder()
    f0, periodicity, loudness, _ = performance()
    whole = decoder(f0, periodicity, loudness)
    state, frames = None, []
    for k in range(f0.shape[1]):
        now = slice(k, k + 1)
        *controls, state = decoder(f0[:, now], periodicity[:, now], loudness[:, now], None, state)
        frames.append(controls)
    for part in range(3):
        assert torch.allclose(torch.cat([frame[part] for frame in frames], dim=1), whole[part], atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("spec", [DecoderSpec(), WITH_Z, RICH])
def test_scripted_decoder_agrees(spec):
    decoder = Decoder(spec)
    inputs = performance(z_dims=spec.z_dims)
    more = {"fast_loudness": inputs[2] - 1, "balance": inputs[2] / 2}
    for plain, scripted in zip(decoder(*inputs, **more), torch.jit.script(decoder)(*inputs, **more)):
        assert torch.allclose(plain, scripted, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_encoder_streams_and_scripts():
    encoder = Encoder(EncoderSpec(gru=20, z_dims=4))
    mfcc = torch.randn(2, 12, 30) * 20
    z = encoder(mfcc)
    first, state = encoder.step(mfcc[:, :5])
    second, _ = encoder.step(mfcc[:, 5:], state)
    assert torch.allclose(torch.cat([first, second], dim=1), z, atol=1e-6)
    assert torch.allclose(torch.jit.script(encoder)(mfcc), z, atol=1e-6)


def test_untrained_instrument_is_quiet():
    amplitude, harmonics, noise, _ = Decoder()(*performance())
    assert amplitude.max() < 0.1 and noise.max() < 1e-3
    assert harmonics[..., 0].min() > 10 * harmonics[..., 50].max()


def test_every_feature_moves_the_controls():
    decoder = Decoder(WITH_Z)
    inputs = [part.requires_grad_() for part in performance(z_dims=4)]
    decoder(*inputs)[1].sum().backward()
    assert all(part.grad.abs().max() > 0 for part in inputs)


def test_tensor_names_and_shapes_are_the_architecture_s():
    architecture = Architecture(WITH_Z, EncoderSpec(gru=20, z_dims=4))
    state = InstrumentModel(architecture).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == architecture.tensor_shapes()


def test_architecture_survives_its_table():
    architecture = Architecture(WITH_Z, EncoderSpec(gru=20, z_dims=4), reverb_length=100)
    assert Architecture.from_dict(architecture.to_dict()) == architecture


@pytest.mark.parametrize(
    ("change", "word"),
    [({"hidden": 0}, "hidden"), ({"gru": 10**9}, "gru"), ({"features": ["f0", "colour"]}, "colour"),
     ({"harmonics": "many"}, "harmonics"), ({"layers": True}, "layers"), ({"z_dims": 3}, "z_dims")],
)  # fmt: skip
def test_impossible_sizes_are_named(change, word):
    table = Architecture().to_dict()
    table["decoder"].update(change)
    with pytest.raises(ArchitectureError, match=word):
        Architecture.from_dict(table)
