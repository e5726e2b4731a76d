"""The memory plan: exact where it counts, near what is measured where it estimates, right in its verdict."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cycles.config.run import RunConfig, load_config
from cycles.machine.devices import detected_gpus
from cycles.preflight.dry_run import dry_run, show
from cycles.preflight.memory_plan import GIB, MemoryPlan, Tenant, activation_bytes, plan_memory
from finetune.config import ATTENTION_AND_MLP, FinetuneConfig
from generator.models.places import ModelNotFoundError
from generator.models.size import ModelSize, describe
from tests.code_models import build_deepseek, build_qwen

QWEN = "Qwen/Qwen2.5-Coder-7B-Instruct"
DEEPSEEK = "deepseek-ai/deepseek-coder-7b-instruct-v1.5"


@pytest.fixture(scope="module")
def seven_billion() -> ModelSize:
    return describe(QWEN)


def gpu_run(*overrides: str) -> RunConfig:
    return load_config("gpu-80gb", [f"generator.model={QWEN}", *overrides])


def side(plan: MemoryPlan, who: str) -> Tenant:
    return next(tenant for tenant in plan.tenants if tenant.who == who)


def part(tenant: Tenant, name: str) -> int:
    return next(each.bytes for each in tenant.parts if each.name == name)


# Counting


@pytest.mark.parametrize(
    ("model", "parameters", "kv_bytes"),
    [(QWEN, 7_615_616_512, 57_344), (DEEPSEEK, 6_910_365_696, 491_520)],
)
def test_the_known_models_have_their_published_sizes(model: str, parameters: int, kv_bytes: int) -> None:
    """Parameters as the hub lists them for the weights; the cache by hand from heads, widths and layers."""
    size = describe(model)
    assert size.parameters == parameters
    assert size.kv_bytes_per_token(2) == kv_bytes


def test_the_embedded_model_is_counted_as_its_weights_are() -> None:
    from safetensors import safe_open

    from generator.embedded import embedded_model_path

    with safe_open(embedded_model_path() / "model.safetensors", "pt") as weights:
        stored = [weights.get_tensor(name).numel() for name in weights.keys()]  # noqa: SIM118 - not a dict
    assert describe("embedded").parameters == sum(stored)


@pytest.mark.parametrize("build", [build_qwen, build_deepseek], ids=["qwen", "deepseek"])
def test_an_adapter_is_counted_as_peft_makes_it(build: Any, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = build(tmp_path / "model")
    adapted = get_peft_model(
        AutoModelForCausalLM.from_pretrained(folder),
        LoraConfig(r=8, target_modules=list(ATTENTION_AND_MLP), task_type="CAUSAL_LM"),
    )
    counted = describe(str(folder)).lora_parameters(8, ATTENTION_AND_MLP)
    assert counted == sum(each.numel() for each in adapted.parameters() if each.requires_grad)


def test_a_model_that_is_nowhere_names_the_command_for_its_configuration() -> None:
    with pytest.raises(ModelNotFoundError, match=r"hf download nobody/nothing config\.json"):
        describe("nobody/nothing")


# Estimating


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("checkpointing", [False, True], ids=["kept", "checkpointed"])
def test_the_estimate_of_activations_is_near_what_autograd_keeps(
    tmp_path: Path, dtype: Any, checkpointing: bool
) -> None:
    """What the forward pass keeps is counted in bytes; with checkpointing twice a block's worth is added."""
    folder = build_qwen(tmp_path / "model")
    config = FinetuneConfig(
        rank=8, batch_size=1, max_length=128, dtype=dtype, gradient_checkpointing=checkpointing
    )
    size = describe(str(folder))
    kept = kept_for_backward(folder, config)
    if checkpointing:
        once = config.model_copy(update={"gradient_checkpointing": False})
        kept += 2 * kept_for_backward(folder, once) // size.layers
    estimate = activation_bytes(config, size)
    assert 0.67 < estimate / kept < 1.6


def kept_for_backward(folder: Path, config: FinetuneConfig) -> int:
    """Return the bytes that the blocks of a model under LoRA keep for the backward pass."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    dtype = getattr(torch, config.dtype)
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, use_cache=False)
    lora = LoraConfig(r=config.rank, target_modules=list(config.target_modules), task_type="CAUSAL_LM")
    model = get_peft_model(base, lora).train()
    if config.gradient_checkpointing:
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    alive = []
    sizes: dict[int, int] = {}

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            sizes[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)  # an address that is still in use stays unique
        return tensor

    tokens = torch.zeros((config.batch_size, config.max_length), dtype=torch.long)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), autocast:
        model(input_ids=tokens, logits_to_keep=1)
    return sum(sizes.values())


# Planning


def test_taking_turns_needs_the_larger_side_and_living_together_needs_both(
    seven_billion: ModelSize,
) -> None:
    capacity = {"cuda": 80 * GIB}
    together = plan_memory(gpu_run(), seven_billion, capacity)
    in_turns = plan_memory(gpu_run("sharing=alternate"), seven_billion, capacity)
    sides = [tenant.bytes for tenant in together.tenants]
    assert together.devices[0].needed_bytes == sum(sides)
    assert in_turns.devices[0].needed_bytes == max(sides)


def test_two_devices_are_judged_one_by_one(seven_billion: ModelSize) -> None:
    config = gpu_run("sharing=separate", "finetune.device=cuda:1")
    plan = plan_memory(config, seven_billion, {"cuda": 80 * GIB, "cuda:1": 8 * GIB})
    assert {load.device: load.fits for load in plan.devices} == {"cuda": True, "cuda:1": False}
    assert plan.fits is False


def test_the_first_gpu_is_one_device_under_both_of_its_names(seven_billion: ModelSize) -> None:
    plan = plan_memory(gpu_run("finetune.device=cuda:0"), seven_billion, {"cuda": 80 * GIB})
    assert [load.device for load in plan.devices] == ["cuda"]
    assert plan.devices[0].needed_bytes == sum(tenant.bytes for tenant in plan.tenants)


@pytest.mark.parametrize(
    ("shown", "names"),
    [(None, ["A", "B"]), ("1", ["B"]), ("1,0", ["B", "A"]), ("", []), ("GPU-5b2f", ["A", "B"])],
)
def test_the_gpus_are_those_that_the_process_may_see(
    shown: str | None, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 'A, 550.54, 24564'\necho 'B, 550.54, 81559'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    gpus = detected_gpus()
    assert [gpu.name for gpu in gpus] == names
    assert {gpu.memory_bytes for gpu in gpus} <= {24564 << 20, 81559 << 20}


def test_the_server_takes_its_share_and_the_cache_gets_what_is_left(seven_billion: ModelSize) -> None:
    plan = plan_memory(gpu_run("generator.engine.gpu_memory_share=0.5"), seven_billion, {"cuda": 80 * GIB})
    assert abs(side(plan, "generator").bytes - 40 * GIB) < 1024
    assert plan.full_sequences is not None
    cache = part(side(plan, "generator"), "key-value cache")
    assert plan.full_sequences == pytest.approx(cache / (4096 * 57_344))


def test_a_share_that_leaves_no_room_for_one_sequence_does_not_fit(seven_billion: ModelSize) -> None:
    plan = plan_memory(gpu_run("generator.engine.gpu_memory_share=0.2"), seven_billion, {"cuda": 80 * GIB})
    assert all(load.fits for load in plan.devices)
    assert plan.fits is False


def test_four_bits_hold_the_linear_layers_in_a_quarter_of_the_memory(seven_billion: ModelSize) -> None:
    whole = part(side(plan_memory(gpu_run(), seven_billion, {}), "trainer"), "weights")
    four = gpu_run("finetune.quantization=nf4")
    small = part(side(plan_memory(four, seven_billion, {}), "trainer"), "weights")
    rest = 2 * (seven_billion.parameters - seven_billion.linear_parameters)
    assert 3.8 < (whole - rest) / (small - rest) < 4


def test_an_unknown_device_leaves_the_verdict_open(seven_billion: ModelSize) -> None:
    plan = plan_memory(gpu_run(), seven_billion, {})
    assert plan.fits is None and plan.devices[0].needed_bytes > 30 * GIB


def test_an_endpoint_of_somebody_else_takes_nothing_here(seven_billion: ModelSize) -> None:
    plan = plan_memory(gpu_run("generator.server.url=http://host:8000/v1"), seven_billion, {})
    assert [tenant.who for tenant in plan.tenants] == ["trainer"]


def test_the_frozen_control_has_no_trainer(seven_billion: ModelSize) -> None:
    plan = plan_memory(gpu_run("teaching.by=nobody"), seven_billion, {})
    assert [tenant.who for tenant in plan.tenants] == ["generator"]


# The dry run


def test_the_counts_follow_from_the_configuration() -> None:
    counts = dry_run(load_config("cpu-tiny", ["cycles=3", "candidates=10", "finetune.max_steps=1000"])).counts
    # 10 rows, then 20, in batches of 8, 16 times over
    assert (counts.programs, counts.fine_tunings, counts.optimiser_steps) == (30, 2, 16 * 2 + 16 * 3)
    assert counts.completion_tokens == 30 * 640


def test_a_fine_tuning_before_the_first_cycle_counts_for_the_most_that_it_may_be() -> None:
    settings = ["cycles=1", "teaching.imported=all", "teaching.imported_first=true"]
    counts = dry_run(load_config("cpu-tiny", settings)).counts
    assert (counts.fine_tunings, counts.optimiser_steps) == (1, 120)


def test_nothing_is_in_the_way_of_the_embedded_model() -> None:
    result = dry_run(load_config("cpu-tiny"))
    assert result.obstacles == () and result.possible
    assert result.memory is not None and result.memory.fits


def test_the_grammar_has_no_models_to_plan_for() -> None:
    assert dry_run(load_config("cpu-tiny", ["strategy.name=random", "teaching.by=nobody"])).memory is None


def archloop(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from cycles.cli.app import main; main()", *arguments]
    without_gpu = {**os.environ, "PATH": "/usr/bin-without-nvidia-smi", "HF_HUB_CACHE": str(cwd / "hub")}
    return subprocess.run(
        command, cwd=cwd, env=without_gpu, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_dry_run_makes_nothing_and_says_what_is_in_the_way(tmp_path: Path) -> None:
    result = archloop("run", "--dry-run", "--preset", "gpu-24gb", "--json", cwd=tmp_path)
    assert result.returncode == 3, result.stderr
    answer = json.loads(result.stdout)
    assert answer["possible"] is False and answer["memory"]["fits"] is None
    gpu, data, model = answer["obstacles"]
    assert "nvidia-smi finds no GPU" in gpu
    assert f"hf download {DEEPSEEK}" in model
    assert "cifar10" in data
    assert not (tmp_path / "runs").exists()


def test_a_plan_for_another_machine_prints_its_verdict() -> None:
    from rich.console import Console

    result = dry_run(load_config("gpu-80gb"), gpu_memory_gb=24)
    console = Console(width=140, record=True, file=io.StringIO())
    show(result, console)
    assert not result.possible
    assert "does not fit in 24.0 GiB" in console.export_text()


def test_a_run_that_needs_a_gpu_stops_before_it_makes_anything(tmp_path: Path) -> None:
    result = archloop("run", "--preset", "gpu-24gb", cwd=tmp_path)
    assert result.returncode == 2
    assert "nvidia-smi finds no GPU here" in result.stderr and result.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()
