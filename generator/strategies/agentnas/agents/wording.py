"""What the agents are told at the head of their chats, after the paper's appendix A.8; no question is asked.

Blind, always: the task is TASK_X, and of it the shapes, the loss and what counts as better are told. What
differs from the published prompts follows from the evaluator: batch size and epochs are the run's, memory is
a cap on parameters, the data are two arrays. This module does *not* ask.
"""

from __future__ import annotations

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from generator.prompts.templates import ProgramRequest
from generator.strategies.agentnas.recipe import AUGMENTATIONS

LONGEST_REPORT = 3_000
"""Of a report and of summaries this much is handed on: the paper's."""

_LOSSES = {
    TaskKind.SINGLE_LABEL: "CrossEntropyLoss over class ids, int64",
    TaskKind.MULTI_LABEL: "BCEWithLogitsLoss over labels of 0 and 1, float32, any number of them",
    TaskKind.SEGMENTATION: "CrossEntropyLoss over the class id of every position, int64",
    TaskKind.REGRESSION: "MSELoss over standardised numbers at every position, float32",
}

PLANNER = """\
You are the Planner agent for a neural architecture search pipeline. Your goal is to design the best possible
neural network architecture for the given task.

## Available actions
At each turn, choose ONE action:

1. <EXPLORE> {{purpose}} </EXPLORE>
Launch the Data Explorer to analyze the dataset.
2. <EXPERIMENT>
Propose up to {parallel} architectures for evaluation. For each:
<ARCH id="arch_001">
<DESCRIPTION> {{high-level architecture description}} </DESCRIPTION>
<REASONING> {{why this design, what you expect}} </REASONING>
<TRAINING_RECIPE> {{optimizer, lr, scheduler, epochs, ...}} </TRAINING_RECIPE>
</ARCH>
</EXPERIMENT>
Count the ids on. To modify a prior architecture, name it by its literal arch_NNN id in DESCRIPTION: its code
is then shown to the Code Executor.
3. <STOP>
<FINAL_SELECTION> {{arch ids, the best}} </FINAL_SELECTION>
</STOP>

After receiving experiment results:
<SUMMARY> {{what worked, what failed, surprises, next direction}} </SUMMARY>

## Constraints
- {limits}
- {budget} architecture evaluations in all; it ends early after {patience} successful ones in a row without a
  better one. A failure costs an evaluation.
- NO pre-trained weights. All models are trained from scratch.

## Training recipe
{recipe}

## Task
{task}"""

EXPLORER = """\
You are a Data Explorer agent for a neural architecture search pipeline. Your job is to analyze a dataset by
writing and executing Python code.

## Environment
- Available: numpy, torch, and the standard library.
- The training data are two NumPy arrays that are there already:
  train_images {inputs}
  train_labels {targets}

## Workflow
At each step, write Python code in one or more ```python blocks. ALL blocks of a turn are run together in one
fresh process: variables and imports do NOT carry over to the next turn. What it prints (cut at 5,000
characters) returns as the next user message.
- NEVER write outputs yourself: they come back to you.
- Do NOT produce <REPORT> before code of yours has run to its end.
When done, write:
<REPORT> {{dataset stats; key characteristics; observations; recommendations for the Planner}} </REPORT>

## Constraints
- At most {steps} steps; on the last one <REPORT> is mandatory.
- Keep code concise and focused on the purpose.

## Task
{task}

## Purpose
{purpose}"""

EXECUTOR = """\
You are a Code Executor for a neural architecture search pipeline. Your job is to translate architecture
descriptions into working PyTorch code.

## What you produce
1. Model code: a class `Architecture` extending `nn.Module`, with __init__(self) and forward(self, x).
   - x shape: (batch, {input_shape}); output shape: (batch, {output_shape})
   - Imports: torch, torch.nn, torch.nn.functional and math only. Nothing is printed, no file is read.
   - NO pre-trained weights. Random initialization only.
2. Training config: a JSON object. Use ONLY the fields listed.
Wrap the model in ```python and the config in ```json.

## Constraints
- {limits}
- Output raw logits or predictions: no softmax or sigmoid.
- On retry: only fix bugs (shape mismatches, runtime errors). Do NOT change the functional design.

## Training config
{recipe}
{{"optimizer": "adamw", "lr": ..., "weight_decay": ..., "momentum": ..., "betas": [...],
 "scheduler": "cosine", "scheduler_params": {{"step_size": ..., "gamma": ..., "patience": ...}},
 "warmup_epochs": ..., "epochs": ..., "grad_clip": ..., "label_smoothing": ...,
 "augmentations": [...],
 "augmentation_params": {{"mixup_alpha": ..., "cutmix_alpha": ..., "random_erasing_prob": ...}}}}

## Task
{task}"""

_RECIPE = """\
Only this is carried out; whatever else is said is dropped:
- optimizer: sgd | adam | adamw; lr, momentum, betas, weight_decay, grad_clip
- scheduler: cosine | step | warmup_cosine | plateau | none. Times are in `epochs` of your own count, and are
  scaled with it: batch size and epochs are the run's, and the schedule comes to its end within them.
- augmentations: {augmentations}; {smoothing}
- the loss is the task's; no AMP, no compilation, no gradient accumulation.
- For task-specific augmentation write it INLINE in Architecture.forward(), gated on self.training."""


def task_words(task: TaskShape) -> str:
    """Return the task as every agent is told it."""
    return (
        f"Task: TASK_X\nInput shape: (batch, {_axes(task.input_shape)}), float32, normalised; output shape: "
        f"(batch, {_axes(task.output_shape)})\nLoss: {_LOSSES[task.kind]}\n"
        "Networks are judged by a score in [0, 1] on validation data; higher is better."
    )


def planner_system(
    request: ProgramRequest, task: TaskShape, parallel: int, budget: int, patience: int
) -> str:
    """Return the head of the Planner's chat."""
    return PLANNER.format(
        parallel=parallel,
        limits=_limits(request),
        budget=budget,
        patience=patience,
        recipe=_recipe(task),
        task=task_words(task),
    )


def explorer_system(task: TaskShape, steps: int, purpose: str) -> str:
    """Return the head of a Data Explorer's chat."""
    kind = "float32" if task.signal or task.kind is TaskKind.REGRESSION else "uint8 or float32"
    single = task.kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION)
    targets = f"{'int64' if single else 'float32'} (N{''.join(f', {each}' for each in task.target_shape)})"
    return EXPLORER.format(
        inputs=f"{kind} (N, {_axes(task.input_shape)})",
        targets=targets,
        steps=steps,
        purpose=purpose,
        task=task_words(task),
    )


def executor_system(request: ProgramRequest, task: TaskShape) -> str:
    """Return the head of a Code Executor's chat."""
    return EXECUTOR.format(
        input_shape=_axes(task.input_shape),
        output_shape=_axes(task.output_shape),
        limits=_limits(request),
        recipe=_recipe(task),
        task=task_words(task),
    )


def executor_request(description: str, recipe: str, references: str) -> str:
    """Return what a Code Executor is asked: an architecture, after the code of those that it is made of."""
    before = "# Recent architectures (code for reference)\n" if references else ""
    return (
        f"{before}{references}# Architecture to implement\n{description}\n\n"
        f"# Training recipe\n{recipe or '(yours to choose)'}\n\n"
        "Produce the `Architecture` class and the training config JSON."
    )


def repair_request(problem: str) -> str:
    """Return what a Code Executor is told of its failure."""
    return (
        f"The model failed validation with this error:\n```\n{problem}\n```\n"
        "Please fix the code. Only fix bugs: do NOT change the architecture design."
    )


def _limits(request: ProgramRequest) -> str:
    return f"At most {request.max_parameters:,} trainable parameters."


def _recipe(task: TaskShape) -> str:
    smoothed = task.kind is TaskKind.SINGLE_LABEL
    return _RECIPE.format(
        augmentations="subset of " + ", ".join(AUGMENTATIONS[task.kind]),
        smoothing="label_smoothing" if smoothed else "no label_smoothing",
    )


def _axes(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))
