"""Layers as text with arithmetic: what each one writes, how many parameters it has, what size it leaves.

A channel number is an expression: a literal (`16`), a constructor argument (`cin`), or sums, products and
quotients of these with single blanks around the operators (`cin + g * 2`). One layer can thus stand in a
block that is called with several widths, and its parameters are counted for each call.

This module does *not* import torch and does not decide which layers a program has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Bindings = Mapping[str, int]
Count = Callable[[Bindings], int]


def resolve(expression: str, bindings: Bindings) -> int:
    """Return the value of `expression` under `bindings`.

    Raises:
        KeyError: It names something that is not bound.
    """
    total = 0
    for term in expression.split(" + "):
        tokens = term.split(" ")
        value = _atom(tokens[0], bindings)
        for operator, operand in zip(tokens[1::2], tokens[2::2], strict=True):
            factor = _atom(operand, bindings)
            value = value * factor if operator == "*" else value // factor
        total += value
    return total


def _atom(token: str, bindings: Bindings) -> int:
    return int(token) if token.isdigit() else bindings[token]


def no_parameters(bindings: Bindings) -> int:
    """Count the parameters of a layer that has none."""
    del bindings
    return 0


@dataclass(frozen=True)
class Step:
    """One element of a chain from `x` to a result, for `nn.Sequential` or as attributes and calls.

    Attributes:
        modules: Its elements inside `nn.Sequential`; empty if it cannot stand there.
        parts: Attributes it needs when written out, as (role, module) pairs; the role picks the name.
        call: The expression when written out; `{x}` is the input and `{0}`, `{1}` are the attributes' names.
        count: Counts its trainable parameters.
        setup: Statements of `__init__` that come before its attributes.
        loop: The attribute is a list, applied one after the other; `call` is the loop's expression in `{m}`.
        starts: Whether a new statement begins here when a chain is written out.
    """

    modules: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    call: str
    count: Count = no_parameters
    setup: tuple[str, ...] = ()
    loop: bool = False
    starts: bool = False


def module_step(role: str, module: str, count: Count = no_parameters, *, starts: bool = False) -> Step:
    """Return the step of one module that is called as it stands."""
    return Step((module,), ((role, module),), "self.{0}({x})", count, starts=starts)


def conv(
    cin: str,
    cout: str,
    kernel: int,
    *,
    stride: str = "1",
    padding: int | None = None,
    groups: str = "1",
    dilation: int = 1,
    bias: bool = True,
    role: str = "conv",
) -> Step:
    """Return a 2-d convolution; `padding` None keeps the size (at stride 1)."""
    pad = dilation * (kernel // 2) if padding is None else padding
    words = [cin, cout, str(kernel)]
    words += [f"stride={stride}"] if stride != "1" else []
    words += [f"padding={pad}"] if pad else []
    words += [f"dilation={dilation}"] if dilation > 1 else []
    words += [f"groups={groups}"] if groups != "1" else []
    words += ["bias=False"] if not bias else []

    def count(bindings: Bindings) -> int:
        inputs, outputs = resolve(cin, bindings), resolve(cout, bindings)
        return inputs // resolve(groups, bindings) * outputs * kernel**2 + (outputs if bias else 0)

    return module_step(role, f"nn.Conv2d({', '.join(words)})", count, starts=True)


def linear(inputs: str, outputs: str, role: str = "linear") -> Step:
    """Return a linear layer with bias."""

    def count(bindings: Bindings) -> int:
        return (resolve(inputs, bindings) + 1) * resolve(outputs, bindings)

    return module_step(role, f"nn.Linear({inputs}, {outputs})", count, starts=True)


def norm(kind: str, width: str, groups: int = 1) -> tuple[Step, ...]:
    """Return the normalisation `kind` over `width` channels: no step for `none`, else one."""
    # A quotient may be too small for several groups.
    group_count = 1 if "//" in width else groups
    modules = {
        "none": "",
        "batch": f"nn.BatchNorm2d({width})",
        "group": f"nn.GroupNorm({group_count}, {width})",
        "instance": f"nn.InstanceNorm2d({width})",
        "layer": f"nn.LayerNorm({width})",
    }
    if kind == "none":
        return ()
    affine = 0 if kind == "instance" else 2
    return (module_step("norm", modules[kind], lambda bindings: affine * resolve(width, bindings)),)


def size_after(size: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Return the side length that a convolution or a pooling leaves of `size`."""
    return (size + 2 * padding - kernel) // stride + 1
