"""The command line and the environment of `vllm serve`, as our settings say.

This module does *not* start it, and imports no vLLM.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator.config.serving import EngineConfig

_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""Ranks that vLLM has buffers for."""

_CPU_CACHE_MIB = 512

ACTIVE_ADAPTERS = 2
"""Slots for adapters on the model: one more than we use, without which base rows of the CPU build may get an
adapter (vllm#48421)."""


def engine_arguments(engine: EngineConfig, *, on_cpu: bool) -> dict[str, Any]:
    """Return vLLM's engine arguments, as `vllm.LLM` takes them."""
    cache_mib = engine.kv_cache_mib or (_CPU_CACHE_MIB if on_cpu else None)
    arguments: dict[str, Any] = {
        "dtype": engine.resolved_dtype(on_cpu=on_cpu),
        "max_model_len": engine.max_model_len,
        "max_num_seqs": engine.max_num_seqs,
        "kv_cache_memory_bytes": None if cache_mib is None else cache_mib << 20,
        "gpu_memory_utilization": None if on_cpu else engine.gpu_memory_share,
        "enforce_eager": on_cpu if engine.eager is None else engine.eager,
        # A prompt of a seeded request that is read in two steps ends the engine of 0.32.0: it winds the
        # request's random generator back, which "CPU Generator does not use offset" forbids.
        "enable_chunked_prefill": False if on_cpu else None,
        # One process less beside the engine: quicker to start, and no hop at each token.
        "distributed_executor_backend": "uni" if on_cpu else None,
        "enable_lora": True,
        "max_loras": ACTIVE_ADAPTERS,
        "max_lora_rank": min(rank for rank in _RANKS if rank >= engine.max_lora_rank),
        # The model's own sampling defaults must not mix with ours.
        "generation_config": "vllm",
        # A weak model that may put spaces between the tokens of a JSON document never stops.
        "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
    }
    return {name: value for name, value in arguments.items() if value is not None}


def serve_command(
    python: Path, model: str | Path, engine: EngineConfig, *, name: str, port: int, on_cpu: bool
) -> list[str]:
    """Return the command that serves `model` under `name` on 127.0.0.1."""
    command = [str(python), "-m", "vllm.entrypoints.cli.main", "serve", _absolute(model)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", name]
    command += ["--disable-uvicorn-access-log", "--no-enable-log-requests"]
    for option, value in engine_arguments(engine, on_cpu=on_cpu).items():
        words = option.replace("_", "-")
        if isinstance(value, bool):
            command.append(f"--{words}" if value else f"--no-{words}")
        else:
            command += [f"--{words}", json.dumps(value) if isinstance(value, dict) else str(value)]
    return command


def serve_environment(
    inherited: Mapping[str, str], device: str, threads: int, engine: EngineConfig, *, api_key: str
) -> dict[str, str]:
    """Return the server's environment: `inherited`, its key, and what vLLM takes no arguments for."""
    environment = {**inherited, **engine_environment(device, threads, engine)}
    environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "1"
    environment["VLLM_API_KEY"] = api_key
    if device == "cpu":
        # Without it the CPU build puts the worker into yet another process ("mp" instead of "uni") to set the
        # number of threads there; we set that for the whole server.
        environment["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    return environment


def engine_environment(device: str, threads: int, engine: EngineConfig) -> dict[str, str]:
    """Return the variables that an engine needs, in a server or in this process."""
    variables = {
        "HF_HUB_OFFLINE": "1",  # archloop downloads nothing
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_HOST_IP": "127.0.0.1",
        # TRL turns vLLM's log down for its whole process, and a start that fails is explained from the log.
        "VLLM_LOGGING_LEVEL": "INFO",
    }
    if device == "cpu":
        variables |= {
            "OMP_NUM_THREADS": str(threads),
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # two servers must not share one core
        }
        if engine.eager is not False:
            variables["TORCHDYNAMO_DISABLE"] = "1"
    elif ":" in device:
        variables["CUDA_VISIBLE_DEVICES"] = device.partition(":")[2]
    return variables


def _absolute(model: str | Path) -> str:
    return str(model.resolve()) if isinstance(model, Path) else model
