"""A GRU layer for training on a CPU: torch's equations and parameters, several times its speed on long sequences.

Each step is six tensor operations into buffers made once, outside autograd. The backward pass is written out: all that
does not depend on the step after is computed for the whole sequence at once, and so are the weights' gradients.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple

import torch
from torch import Tensor, nn


class SteppedGru(nn.GRU):
    """Takes the place of a one-layer `nn.GRU(batch_first=True)`; made from one by `take_over`."""

    def forward(self, input: Tensor, hx: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """input: [batch, frames, inputs], hx: [1, batch, hidden] -> [batch, frames, hidden], [1, batch, hidden]."""
        hidden = self.hidden_size
        state = input.new_zeros(input.shape[0], hidden) if hx is None else hx[0]
        # The recurrent biases of reset and update gates can be added with the input's.
        bias = self.bias_ih_l0 + torch.cat([self.bias_hh_l0[: 2 * hidden], self.bias_hh_l0.new_zeros(hidden)])
        driven = nn.functional.linear(input.transpose(0, 1), self.weight_ih_l0, bias)
        out = GruSteps.apply(driven, state, self.weight_hh_l0, self.bias_hh_l0[2 * hidden :])
        return out.transpose(0, 1), out[-1:]


def take_over(model: nn.Module) -> None:
    """Let every one-layer GRU inside `model` run as a `SteppedGru`; parameters and their names stay."""
    for module in model.modules():
        if type(module) is nn.GRU and module.num_layers == 1 and module.batch_first and not module.bidirectional:
            module.__class__ = SteppedGru


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
        to_new = (1.0 - update) * (1.0 - new * new)
        factor[:, :, 0] = to_new * inner * reset * (1.0 - reset)
        factor[:, :, 1] = (states[:-1] - new) * update * (1.0 - update)
        factor[:, :, 2] = to_new * reset
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
        flat_rows = flat.view(frames * batch, 3 * hidden)
        weight_grad = flat_rows.t() @ states[:-1].reshape(frames * batch, hidden)
        return driven, carry, weight_grad, flat[:, :, 2 * hidden :].sum((0, 1))
