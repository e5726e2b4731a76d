"""Does this interpreter's vLLM work? Generates a few tokens with the model at the given path, and says so.

    python -I generator/serving/vllm/check.py MODEL

Run by scripts/install_vllm under the interpreter that it has just equipped, which need not know archloop:
this script imports nothing of ours. It does *not* measure anything.
"""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path


def main(model: Path) -> str:
    """Return one line about the engine, after it has answered.

    Raises:
        Exception: Whatever is broken in the installation, as it is raised there.
    """
    os.environ.update(
        VLLM_ENABLE_V1_MULTIPROCESSING="0",
        VLLM_LOGGING_LEVEL="ERROR",
        VLLM_NO_USAGE_STATS="1",
        HF_HUB_OFFLINE="1",
        TORCHDYNAMO_DISABLE="1",
    )
    from vllm import LLM, SamplingParams
    from vllm.platforms import current_platform

    on_cpu = current_platform.is_cpu()
    settings = {"kv_cache_memory_bytes": 64 << 20} if on_cpu else {"gpu_memory_utilization": 0.3}
    engine = LLM(str(model), enforce_eager=True, enable_lora=True, max_model_len=256, **settings)
    answer = engine.generate("import torch", SamplingParams(max_tokens=8, temperature=0), use_tqdm=False)
    tokens = len(answer[0].outputs[0].token_ids)
    device = "the CPU" if on_cpu else current_platform.get_device_name()
    return f"vLLM {metadata.version('vllm')} works on {device}: {tokens} tokens from {model.name}"


if __name__ == "__main__":
    sys.stdout.write(main(Path(sys.argv[1]).resolve()) + "\n")
