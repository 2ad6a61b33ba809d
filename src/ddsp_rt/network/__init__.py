"""The control network's differentiable twin. Needs PyTorch; `import ddsp_rt` does not import it."""

from ddsp_rt.network.decoder import Decoder, DecoderSpec
from ddsp_rt.network.encoder import Encoder, EncoderSpec
from ddsp_rt.network.instrument_model import Architecture, InstrumentModel
from ddsp_rt.network.usual import Usual

__all__ = ["Architecture", "Decoder", "DecoderSpec", "Encoder", "EncoderSpec", "InstrumentModel", "Usual"]
