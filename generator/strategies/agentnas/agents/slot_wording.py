"""What the agents of phases 1.5 and 2 are told, after the paper's appendices A.8.3 to A.8.5.

Blind like the rest (`wording`). This module does *not* ask.
"""

from __future__ import annotations

from corpus.records.tasks.shape import TaskShape
from generator.slots.contract import Slot
from generator.slots.reading import PlannedSlot
from generator.strategies.agentnas.agents.wording import task_words

MODULARIZER = """\
You are a Modularizer agent. You refactor a PyTorch Architecture's source code so that each repeated stage is
wrapped in its own self-contained nn.Module subclass. Forward-pass behavior must be IDENTICAL to the original
(under torch.allclose(rtol=1e-5, atol=1e-6) after the original's weights are transplanted into the refactored
module).

## What you must produce
1. All helper classes of the original, VERBATIM: no renames, no reordering, no changed layers.
2. NEW per-stage classes Stage1, Stage2, ... Each builds in `__init__` the same blocks in the SAME order with
   the SAME hyperparameters, does in `forward(self, x)` exactly what the original did for this stage, its
   outer norm, activation and residual INCLUDED, and has a docstring that says what is inside. One tensor in,
   one out.
3. The rewritten class Architecture: the same other attributes, `self.stageN = StageN()` for each repeated
   stage, and a forward that calls one after the other.

## Hard constraints (any violation rejects the output)
- No parameter added or removed. No change of an operation's type, or of the order within a stage.
- The data-augmentation block and the initialisation of weights: copied verbatim.
- The order in which submodules are constructed is that of the original.
- No new imports.

## Output format
ONE ```python block with the complete refactored source.

## Original source
```python
{code}
```

## Task
{task}"""

MODULARIZE = (
    "Refactor the Architecture above per the contract. Wrap each repeated stage in its own Stage class, "
    "simplify the top-level forward, and ensure that the forward pass is equivalent. Return ONE ```python "
    "block."
)

NOT_MODULAR = """\
Validation FAILED:
{problem}
Re-emit the refactored Architecture, fixing the issue. The contract (no parameters added or removed, no change
of operations or their order, identical construction order, augmentation untouched) must be respected."""

SLOT_PLANNER = """\
You are a Slot Planner for neural architecture search. Your job is to design a rich search space around a seed
architecture.

## What you produce
A JSON object with `scaffold_code` and `slots`.

### scaffold_code
The class Architecture, with searchable components replaced by slot calls:
- self.xxx = SLOT_xxx() in __init__, ALWAYS without arguments: dimensions are hardcoded inside each module.
- forward calls: a "single" slot: x = self.xxx(x); a "dual" slot: x = self.xxx(x, residual)
- Do NOT include `class SLOT_xxx` definitions: they are put in later. Include the imports that are needed.
- Every slot built in __init__ must be called from forward.

### slots
{slots} slots at most, 10 to 20 are good:
- operations of each stage, whole stages if they are self-contained modules;
- additive glue between modules (norms, activations, attention, skips), whose seed is "Identity".
Each has 4 to {alternatives} alternatives beside identity and zeros, which every slot gets by itself where its
shapes allow: standard ones (conv3x3, conv1x1, depthwise-separable, squeeze-excite, self-attention) and novel
ones that suit the data.

### Form of a slot
{{"name": "stage1_op", "input_shape": [...], "output_shape": [...], "interface": "single", "description": ...,
 "seed_description": ..., "alternatives": ["...", ...]}}
A dual slot (skip, composition) has "interface": "dual" and "residual_shape": [...] too. Shapes are without
the batch, and EXACT. `seed_description` says exactly, with all dimensions, what the seed has there.

## Key principles
- Preserve the seed's depth, widths and stages. If a stage is a self-contained module, create ONE slot for it,
  and outer glue slots with the seed "Identity (already inside the stage block)". Do not unwrap stages.
- NO pre-trained weights.

## Seed architecture
```python
{code}
```

## Seed performance
{performance}

## Data Explorer report
{report}

## Planner's accumulated insights
{insights}

## Task
{task}"""

SLOT_EXECUTOR = """\
You are implementing a PyTorch nn.Module for a neural architecture search slot.

## What to produce
A complete Python class named `{name}` that extends `nn.Module`, with `__init__(self)` WITHOUT arguments,
dimensions hardcoded, and `forward({given})`:
- x shape: (batch, {entering})
{residual}- return shape: (batch, {leaving})

## Slot
{slot}

## Constraints
- Imports: torch, torch.nn, torch.nn.functional and math only. Random initialization only.
- The class is fully self-contained; helper classes of its own stand in the same block.
- Wrap the code in ONE ```python block.
{seed}"""


def modularizer_system(code: str, task: TaskShape) -> str:
    """Return the head of a Modularizer's chat."""
    return MODULARIZER.format(code=code, task=task_words(task))


def slot_planner_system(
    code: str, performance: str, report: str, insights: str, task: TaskShape, slots: int, alternatives: int
) -> str:
    """Return the head of a Slot Planner's chat."""
    return SLOT_PLANNER.format(
        code=code,
        performance=performance,
        report=report or "(none)",
        insights=insights or "(none)",
        task=task_words(task),
        slots=slots,
        alternatives=alternatives,
    )


def slot_executor_system(planned: PlannedSlot, seed_code: str) -> str:
    """Return the head of the chat in which one class of a slot is implemented.

    Args:
        planned: The slot.
        seed_code: The seed, where its own part is wanted; else empty.
    """
    slot = planned.slot
    residual = "" if slot.residual is None else f"- residual shape: (batch, {_axes(slot.residual)})\n"
    shown = f"\n## The network that the slot was cut from\n```python\n{seed_code}\n```" if seed_code else ""
    return SLOT_EXECUTOR.format(
        name=slot.class_name,
        given=given(slot),
        entering=_axes(slot.entering),
        residual=residual,
        leaving=_axes(slot.leaving),
        slot=f"{slot.name}; the seed has there: {planned.seed}",
        seed=shown,
    )


def given(slot: Slot) -> str:
    """Return what the forward pass of a slot's class is given."""
    return "self, x" if slot.residual is None else "self, x, residual"


def _axes(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
