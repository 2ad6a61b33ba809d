"""Layers for training on a CPU: torch's equations and parameters, several times its speed on long sequences.

The steps of a GRU run in the package's own C++, forwards and backwards, where that was built and the size fits it.
Elsewhere each is six tensor operations into buffers made once, outside autograd, and the backward pass is written out:
all that does not depend on the step after is computed for many steps at once. The weights' gradients are one product.
The products of large matrices take bfloat16 operands (and keep a float32 master) where the CPU multiplies those faster.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

try:
    from ddsp_rt import _training as native
except ImportError:  # training needs no compiled part, it is only faster with it
    native = None  # type: ignore[assignment]

WIDE = 64  # inputs from which a layer's product is worth converting its operands
TOGETHER = 25  # steps whose factors are computed at once: what fits a core's cache


class SteppedGru(nn.GRU):
    """Takes the place of a one-layer `nn.GRU(batch_first=True)`; made from one by `use_fast_layers`."""

    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """input: [batch, frames, inputs], hx: [1, batch, hidden] -> [batch, frames, hidden], [1, batch, hidden]."""
        hidden = self.hidden_size
        state = input.new_zeros(input.shape[0], hidden) if hx is None else hx[0]
        # The recurrent biases of reset and update gates can be added with the input's.
        bias = self.bias_ih_l0 + torch.cat([self.bias_hh_l0[: 2 * hidden], self.bias_hh_l0.new_zeros(hidden)])
        driven = linear(input.transpose(0, 1), self.weight_ih_l0, bias)
        steps = NativeGruSteps if runs_natively(driven, hidden) else GruSteps
        out = steps.apply(driven, state, self.weight_hh_l0, self.bias_hh_l0[2 * hidden :])
        return out.transpose(0, 1), out[-1:]


class FastLinear(nn.Linear):
    """Takes the place of an `nn.Linear`."""

    def forward(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias)


def use_fast_layers(model: nn.Module, keep: Iterable[nn.Module] = ()) -> None:
    """Let the layers inside `model` run as those of this file; parameters and their names stay.

    One-layer GRUs become `SteppedGru`; wide dense layers become `FastLinear`, except those in `keep`.
    """
    kept = set(keep)
    for module in model.modules():
        if type(module) is nn.GRU and module.num_layers == 1 and module.batch_first and not module.bidirectional:
            module.__class__ = SteppedGru
        elif type(module) is nn.Linear and module.in_features >= WIDE and module not in kept:
            module.__class__ = FastLinear


def linear(input: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """input [..., inputs], weight [outputs, inputs], bias [outputs] -> [..., outputs], in float32."""
    if input.dtype == torch.float32 and weight.shape[1] >= WIDE and has_fast_bfloat16():
        return HalfLinear.apply(input, weight, bias)
    return nn.functional.linear(input, weight, bias)


@lru_cache(maxsize=1)
def has_fast_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 faster than float32."""
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


class HalfLinear(torch.autograd.Function):
    """A dense layer whose products take bfloat16 operands and add up in float32; results rounded to bfloat16."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        rows = input.reshape(-1, input.shape[-1]).to(torch.bfloat16)
        half = weight.to(torch.bfloat16)
        ctx.save_for_backward(rows, half)
        ctx.shape = input.shape
        return (rows @ half.t()).to(torch.float32).add_(bias).view(*input.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor):
        rows, half = ctx.saved_tensors
        grad = grad.reshape(-1, grad.shape[-1])
        steep = grad.to(torch.bfloat16)
        to_input = (steep @ half).to(torch.float32).view(ctx.shape) if ctx.needs_input_grad[0] else None
        return to_input, (steep.t() @ rows).to(torch.float32), grad.sum(0)


def runs_natively(input: Tensor, hidden: int) -> bool:
    """Whether `NativeGruSteps` takes it."""
    return native is not None and input.dtype == torch.float32 and input.device.type == "cpu" and hidden % 64 == 0


class NativeGruSteps(torch.autograd.Function):
    """`GruSteps` in C++; sequences are shared out among PyTorch's threads, which does not change a bit."""

    @staticmethod
    def forward(ctx: Any, driven: Tensor, state: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        frames, batch, width = driven.shape
        hidden = width // 3
        gates = driven.new_empty(frames, batch, 2 * hidden)
        inner = driven.new_empty(frames, batch, hidden)
        new = torch.empty_like(inner)
        states = driven.new_empty(frames + 1, batch, hidden)
        states[0] = state
        given = (driven, weight.t(), bias, gates, inner, new, states)
        native.gru_forward(*map(_array, given), threads=torch.get_num_threads())
        ctx.save_for_backward(gates, inner, new, states, weight)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, grad: Tensor):
        gates, inner, new, states, weight = ctx.saved_tensors
        frames, batch, hidden = new.shape
        recurrent = new.new_empty(frames, batch, 3 * hidden)  # gradients of W h
        driven = torch.empty_like(recurrent)
        carry = new.new_empty(batch, hidden)
        given = (grad, weight, gates, inner, new, states, recurrent, driven, carry)
        native.gru_backward(*map(_array, given), threads=torch.get_num_threads())
        return driven, carry, *_weight_gradients(recurrent, states)


def _array(tensor: Tensor) -> Any:
    return tensor.detach().contiguous().numpy()


def _weight_gradients(recurrent: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
    """Of the recurrent weight and the new gate's bias, from the gradients of W h [frames, batch, 3 hidden]."""
    hidden = states.shape[-1]
    rows = recurrent.flatten(0, 1)
    past = states[:-1].flatten(0, 1)
    if past.dtype == torch.float32 and hidden >= WIDE and has_fast_bfloat16():
        weight = (rows.t().to(torch.bfloat16) @ past.to(torch.bfloat16)).to(torch.float32)
    else:
        weight = rows.t() @ past
    return weight, rows[:, 2 * hidden :].sum(0)


class GruSteps(torch.autograd.Function):
    """h' = n + z (h - n) with r, z = sigmoid(x + W h), n = tanh(x + r (W h + b)), over a sequence.

    Shape:
        - driven: [frames, batch, 3 hidden], reset, update, new; state: [batch, hidden]
        - weight: [3 hidden, hidden]; bias: [hidden], of the new gate
        - output: [frames, batch, hidden]
    """

    @staticmethod
    def forward(ctx: Any, driven: Tensor, state: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        frames, batch, width = driven.shape
        hidden = width // 3
        gates_weight = weight[: 2 * hidden].t().contiguous()
        new_weight = weight[2 * hidden :].t().contiguous()
        gates = driven.new_empty(frames, batch, 2 * hidden)
        inner = driven.new_empty(frames, batch, hidden)
        new = torch.empty_like(inner)
        states = driven.new_empty(frames + 1, batch, hidden)
        states[0] = state
        rows = (driven[:, :, : 2 * hidden], driven[:, :, 2 * hidden :], gates, inner, new, states[:-1], states[1:])
        for x_gates, x_new, gate, held, fresh, before, after in zip(*(row.unbind(0) for row in rows)):
            torch.addmm(x_gates, before, gates_weight, out=gate)
            gate.sigmoid_()
            torch.addmm(bias, before, new_weight, out=held)
            torch.addcmul(x_new, gate[:, :hidden], held, out=fresh)
            fresh.tanh_()
            torch.lerp(fresh, before, gate[:, hidden:], out=after)
        ctx.save_for_backward(gates, inner, new, states, weight)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, grad: Tensor):
        gates, inner, new, states, weight = ctx.saved_tensors
        frames, batch, hidden = new.shape
        reset, update = gates[:, :, :hidden], gates[:, :, hidden:]
        # What a step's gradient is multiplied with on its way to the pre-activations of reset, update and new gate.
        factor = new.new_empty(frames, batch, 3, hidden)
        to_new = torch.empty_like(new)
        for part in (slice(start, start + TOGETHER) for start in range(0, frames, TOGETHER)):
            r, z, n = reset[part], update[part], new[part]
            inward = torch.mul(1.0 - z, 1.0 - n * n, out=to_new[part])
            torch.mul(inward * inner[part], r * (1.0 - r), out=factor[part, :, 0])
            torch.mul(states[:-1][part] - n, z * (1.0 - z), out=factor[part, :, 1])
            torch.mul(inward, r, out=factor[part, :, 2])
        recurrent = torch.empty_like(factor)  # gradients of W h
        flat = recurrent.view(frames, batch, 3 * hidden)
        total = new.new_empty(frames, batch, hidden)  # gradients of the states
        carry = new.new_zeros(batch, hidden)
        kept = torch.empty_like(carry)
        rows = (grad, total, update, factor, recurrent, flat)
        for direct, whole, hold, shares, steps, flat_steps in reversed(list(zip(*(row.unbind(0) for row in rows)))):
            torch.add(direct, carry, out=whole)
            torch.mul(whole.unsqueeze(1), shares, out=steps)
            torch.mul(whole, hold, out=kept)
            torch.addmm(kept, flat_steps, weight, out=carry)
        driven = flat.clone()
        torch.mul(total, to_new, out=driven[:, :, 2 * hidden :])
        return driven, carry, *_weight_gradients(flat, states)
