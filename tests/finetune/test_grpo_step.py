"""The script that takes a step of GRPO: the real model, the real evaluator, TRL's own trainer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "grpo_step.py"


@pytest.mark.slow
def test_a_step_moves_the_adapter_where_rewards_differ() -> None:
    command = [sys.executable, str(SCRIPT), "--generations", "4", "--set", "evaluator.train_images=400"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["steps"] == 1
    assert sum(figures["statuses"].values()) == len(figures["rewards"]) == 4
    assert all(0.0 <= reward <= 1.0 for reward in figures["rewards"])
    assert (figures["moved"] > 0.0) is (len(set(figures["rewards"])) > 1)
