"""Will it fit? The memory of generator and trainer, part by part, and what their sharing makes of it.

Weights, caches, adapters and optimiser states are counted exactly from the model's size; activations and the
libraries' own memory are estimates, and each part says which it is. This module does *not* measure anything,
load weights or import torch, and it leaves the evaluator's workers out, which run on the CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from corpus.records.base import Record
from cycles.config.run import RunConfig, Sharing, same_device
from finetune.config import FinetuneConfig
from generator.models.size import ModelSize

GIB = 1 << 30
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}

_PROCESS_BYTES = {"cpu": 400 << 20, "cuda": 600 << 20}
"""What torch takes for itself in a process: on a GPU the CUDA context and its kernels (an allowance)."""

NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
"""Bytes of a doubly quantised weight: 4 bits, an 8-bit scale for 64 of them, a 32-bit one for 256 scales
(QLoRA, arXiv 2305.14314, section 3)."""

BLOCK_HIDDEN_BYTES = 28
"""Bytes that a block keeps for its backward pass, per token and unit of hidden width, counted on Llama and
Qwen2 blocks under LoRA: 26.6 in bfloat16, 28 in float32, as norms are computed in float32 in both."""

BLOCK_INTERMEDIATE_VALUES = 4
"""Values that its MLP keeps, per token and unit of inner width: counted in the same way."""

_TILE_TOKENS, _TILE_VOCABULARY = 4096, 8192
"""Largest tile of scores that TRL holds at a time where not all scores are kept (trl.kernels)."""

_BATCHED_TOKENS = 8192
"""Tokens in a step of vLLM; its default is 2,048 to 8,192, by GPU."""

_ACTIVE_ADAPTERS = 2
"""Adapters that our vLLM has room for on the GPU (`generator.serving.vllm.command`)."""


class Part(Record):
    """One use of memory: its name, its bytes, and how they come about."""

    name: str
    bytes: int
    how: str


class Tenant(Record):
    """What one side takes on its device while it works."""

    who: Literal["generator", "trainer"]
    device: str
    parts: tuple[Part, ...]

    @property
    def bytes(self) -> int:
        """All parts together."""
        return sum(part.bytes for part in self.parts)


class DeviceLoad(Record):
    """What must be free on one device at the worst moment.

    Attributes:
        device: In PyTorch's notation.
        needed_bytes: The peak under the run's sharing.
        capacity_bytes: The device's memory, None if unknown.
        fits: Whether the one goes into the other, None if unknown.
    """

    device: str
    needed_bytes: int
    capacity_bytes: int | None
    fits: bool | None


class MemoryPlan(Record):
    """The whole plan.

    Attributes:
        model: `generator.model`.
        size: How large it is.
        sharing: How the two sides live together.
        tenants: The two sides, as far as they run on this machine.
        kv_bytes_per_token: What a token leaves in the generator's cache.
        full_sequences: How many sequences of full length the cache holds at once, None if unknown.
        devices: The loads.
        fits: Whether everything fits, None if that is unknown.
    """

    model: str
    size: ModelSize
    sharing: Sharing
    tenants: tuple[Tenant, ...]
    kv_bytes_per_token: int
    full_sequences: float | None
    devices: tuple[DeviceLoad, ...]
    fits: bool | None


def plan_memory(config: RunConfig, size: ModelSize, capacities: Mapping[str, int]) -> MemoryPlan:
    """Return the plan of a run.

    Args:
        config: The run's configuration.
        size: That of the generator's model.
        capacities: Memory of each device in bytes, by its name (`cuda` is the first GPU); those that are
            unknown are left out.
    """
    value_bytes = _BYTES[_generator_dtype(config, size)]
    kv_bytes = size.kv_bytes_per_token(value_bytes)
    tenants: list[Tenant] = []
    sequences = None
    if config.generator.weights_here:
        capacity = capacities.get(same_device(config.generator.device))
        generator = _generator(config, size, value_bytes, capacity)
        cache = next(part.bytes for part in generator.parts if part.name == "key-value cache")
        sequences = cache / (kv_bytes * _sequence_tokens(config, size))
        tenants.append(generator)
    if config.learns:
        tenants.append(_trainer(config.finetune, size))
    loads = tuple(
        _load(device, [each for each in tenants if each.device == device], config.sharing, capacities)
        for device in dict.fromkeys(tenant.device for tenant in tenants)
    )
    fits: bool | None = None
    if any(load.fits is False for load in loads) or (sequences is not None and sequences < 1):
        fits = False
    elif all(load.fits for load in loads):
        fits = True
    return MemoryPlan(
        model=config.generator.model,
        size=size,
        sharing=config.sharing,
        tenants=tuple(tenants),
        kv_bytes_per_token=kv_bytes,
        full_sequences=sequences,
        devices=loads,
        fits=fits,
    )


def _load(device: str, tenants: list[Tenant], sharing: Sharing, capacities: Mapping[str, int]) -> DeviceLoad:
    taking_turns = sharing is Sharing.ALTERNATE
    needed = (max if taking_turns else sum)(tenant.bytes for tenant in tenants)
    capacity = capacities.get(device)
    fits = None if capacity is None else needed <= capacity
    return DeviceLoad(device=device, needed_bytes=needed, capacity_bytes=capacity, fits=fits)


def _generator_dtype(config: RunConfig, size: ModelSize) -> str:
    """Return the type in which the sampler holds the weights."""
    settings = config.generator
    if not settings.uses_vllm:
        return size.dtype
    dtype = settings.engine.resolved_dtype(on_cpu=settings.device == "cpu")
    if dtype != "auto":
        return dtype
    return "bfloat16" if size.dtype == "float32" else size.dtype


def _sequence_tokens(config: RunConfig, size: ModelSize) -> int:
    return config.generator.engine.max_model_len or size.context


def _generator(config: RunConfig, size: ModelSize, value_bytes: int, capacity: int | None) -> Tenant:
    """Return the sampler's parts; on a GPU vLLM's cache takes what its share of the memory leaves."""
    settings = config.generator
    weights = size.parameters * value_bytes
    per_token = size.kv_bytes_per_token(value_bytes)
    tokens = _sequence_tokens(config, size)
    rows = settings.engine.max_num_seqs if settings.uses_vllm else settings.batch_size
    working = rows * size.vocabulary * 4 * 3  # scores, their order, their probabilities
    parts = [
        Part(name="weights", bytes=weights, how=f"{size.parameters:,} x {value_bytes} bytes"),
    ]
    if settings.uses_vllm:
        rank = max(settings.engine.max_lora_rank, config.finetune.rank)
        adapter = size.lora_parameters(rank, config.finetune.target_modules) * value_bytes
        parts.append(
            Part(name="adapters", bytes=_ACTIVE_ADAPTERS * adapter, how=f"{_ACTIVE_ADAPTERS} of rank {rank}")
        )
        widths = 4 * size.hidden + 3 * size.intermediate
        working += min(_BATCHED_TOKENS, rows * tokens) * widths * value_bytes
    parts += [
        Part(name="activations", bytes=working, how=f"estimate for {rows} rows"),
        _process(settings.device),
    ]
    fixed = sum(part.bytes for part in parts)
    on_cpu, engine = settings.device == "cpu", settings.engine
    if not settings.uses_vllm:
        cache, how = rows * tokens * per_token, f"at most {rows} x {tokens:,} tokens x {per_token:,} bytes"
    elif engine.kv_cache_mib or on_cpu:
        cache, how = (engine.kv_cache_mib or 512) << 20, "generator.engine.kv_cache_mib"
    elif capacity is None:
        cache, how = tokens * per_token, f"at least one sequence: {tokens:,} tokens x {per_token:,} bytes"
    else:
        cache = max(0, int(engine.gpu_memory_share * capacity) - fixed)
        how = f"what gpu_memory_share {engine.gpu_memory_share:g} leaves, {per_token:,} bytes a token"
    parts.append(Part(name="key-value cache", bytes=cache, how=how))
    return Tenant(who="generator", device=same_device(settings.device), parts=tuple(parts))


def _trainer(config: FinetuneConfig, size: ModelSize) -> Tenant:
    """Return the parts of a training: frozen weights, the adapter with all it needs, activations."""
    value_bytes = _BYTES[config.dtype]
    rest = size.parameters - size.linear_parameters
    if config.quantization == "nf4":
        weights = int(size.linear_parameters * NF4_BYTES) + rest * value_bytes
        how = f"linear layers x {NF4_BYTES:.3f} bytes (nf4), the rest x {value_bytes}"
    else:
        weights = size.parameters * value_bytes
        how = f"{size.parameters:,} x {value_bytes} bytes"
    adapter = size.lora_parameters(config.rank, config.target_modules)
    tokens = config.batch_answers * config.max_length
    parts = [
        Part(name="weights", bytes=weights, how=how),
        Part(name="adapter", bytes=4 * adapter, how=f"{adapter:,} x 4 bytes"),
        Part(name="gradients", bytes=4 * adapter, how="of the adapter, x 4 bytes"),
        Part(name="optimiser", bytes=8 * adapter, how="AdamW's two moments, x 8 bytes"),
        Part(
            name="activations",
            bytes=activation_bytes(config, size),
            how=f"estimate for {config.batch_answers} x {config.max_length:,} tokens"
            + (", checkpointed" if config.gradient_checkpointing else ""),
        ),
        Part(
            name="scores",
            bytes=3 * 4 * min(tokens * size.vocabulary, _TILE_TOKENS * _TILE_VOCABULARY),
            how="estimate: values, log-probabilities and gradients of a tile",
        ),
        _process(config.device),
    ]
    taken = sum(part.bytes for part in parts)
    parts.append(Part(name="fragmentation", bytes=taken // 20, how="allowance: 5%"))
    return Tenant(who="trainer", device=same_device(config.device), parts=tuple(parts))


def activation_bytes(config: FinetuneConfig, size: ModelSize) -> int:
    """Return the estimated peak of what the backward pass needs, in bytes.

    With checkpointing each block keeps its input alone, and one block at a time is computed again; its
    gradients take about as much as its values.
    """
    value_bytes = _BYTES[config.dtype]
    tokens = config.batch_answers * config.max_length
    block = tokens * (
        BLOCK_HIDDEN_BYTES * size.hidden
        + BLOCK_INTERMEDIATE_VALUES * size.intermediate * value_bytes
        + len(config.target_modules) * config.rank * value_bytes
    )
    if not config.gradient_checkpointing:
        return (size.layers + 1) * block
    return size.layers * tokens * size.hidden * value_bytes + 2 * block


def _process(device: str) -> Part:
    kind = device.partition(":")[0]
    what = "CUDA context" if kind == "cuda" else "torch itself"
    return Part(name="process", bytes=_PROCESS_BYTES[kind], how=f"allowance: {what}")
