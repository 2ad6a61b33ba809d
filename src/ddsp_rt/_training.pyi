"""What training does on a CPU that PyTorch does slowly."""

from numpy import ndarray

def gru_forward(
    driven: ndarray,
    weight: ndarray,
    bias: ndarray,
    gates: ndarray,
    inner: ndarray,
    fresh: ndarray,
    states: ndarray,
    threads: int,
) -> None:
    """A gated recurrent unit over a sequence: writes gates, inner, fresh and states, whose first row is given."""

def gru_backward(
    grad: ndarray,
    weight: ndarray,
    gates: ndarray,
    inner: ndarray,
    fresh: ndarray,
    states: ndarray,
    recurrent: ndarray,
    driven: ndarray,
    carry: ndarray,
    threads: int,
) -> None:
    """Its gradient: writes recurrent, driven and carry."""
