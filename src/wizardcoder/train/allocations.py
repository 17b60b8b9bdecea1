"""What a pass through a model allocates, by really going through it, with tensors that have none.

PyTorch's fake tensors know shape and type and run every operation, forward and backward, of any
architecture; here their sizes are added up while they live. So the figures follow from the model's
own code, and a 15B model takes seconds and no memory. Attention is that of flash kernels, which
keep query, key, value and what was read; tensors are the CPU's, whose autocast differs little.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor, empty, ops, zeros
from torch.autograd import Function
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    from torch import nn

#: The attention of a traced model, for `attn_implementation`.
NAME = "wizardcoder-traced"


class Peak(NamedTuple):
    """Bytes at the moment when most are allocated: copies of weights in another type, the rest."""

    copies: int
    others: int

    @property
    def total(self) -> int:
        return self.copies + self.others


class Allocations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While open, counts what the operations allocate and what is freed again; `peak` is the most.

    `weights` and their gradients, which exist before, are not counted. Copies of `weights` in
    another type (autocast makes them, and keeps them for the backward pass) are counted apart.
    """

    def __init__(self, weights: Iterable[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        given = list(weights)
        gradients = [weight.grad for weight in given if weight.grad is not None]
        self._weights = {weight.untyped_storage()._cdata for weight in given}
        self._before = {tensor.untyped_storage()._cdata for tensor in (*given, *gradients)}
        self._alive: dict[int, tuple[int, bool]] = {}
        self._now = [0, 0]  # others, copies
        self.peak = Peak(0, 0)

    def __torch_dispatch__(
        self,
        function: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        copies = function is ops.aten._to_copy.default and (
            args[0].untyped_storage()._cdata in self._weights
        )
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._count(tensor, copies)
        return made

    def _count(self, tensor: Tensor, copies: bool) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._alive or key in self._before:
            return
        self._alive[key] = (storage.nbytes(), copies)
        self._now[copies] += storage.nbytes()
        weakref.finalize(storage, self._free, key)
        if sum(self._now) > self.peak.total:
            self.peak = Peak(copies=self._now[1], others=self._now[0])

    def _free(self, key: int) -> None:
        size, copies = self._alive.pop(key)
        self._now[copies] -= size


def attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, *rest: Any, **others: Any
) -> tuple[Tensor, None]:
    """A tensor as large as what the heads read, `(rows, time, heads, width)`; see `engines`.

    Keeps for the backward pass what a flash kernel keeps.
    """
    return _Flash.apply(query, key, value).transpose(1, 2), None  # type: ignore[no-untyped-call]


class _Flash(Function):
    @staticmethod
    def forward(context: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        query, key = query.to(value.dtype), key.to(value.dtype)
        rows, heads, time, _ = query.shape
        read = empty(query.shape, dtype=value.dtype)
        context.save_for_backward(query, key, value, read, empty(rows, heads, time))
        return read

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        query, key, value, _, _ = context.saved_tensors
        return tuple(zeros(each.shape, dtype=each.dtype) for each in (query, key, value))
