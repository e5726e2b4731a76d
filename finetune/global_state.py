"""The process-wide state that a training must leave as it was: random states, threads, progress bars.

It does *not* guard memory or files, and it takes seconds to import (torch, transformers, datasets).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import datasets
import numpy
import torch
from transformers.utils import logging as transformers_logging

from finetune.config import FinetuneConfig


@contextmanager
def preserved(config: FinetuneConfig) -> Iterator[None]:
    """Set torch's threads for the block; afterwards they and the process' random states are as before."""
    python_state, numpy_state = random.getstate(), numpy.random.get_state()
    threads_before = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    # Asking a GPU for its random state would initialise CUDA, which a training on the CPU has no use for.
    devices = range(torch.cuda.device_count()) if config.device != "cpu" else ()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        torch.set_num_threads(threads_before)
        numpy.random.set_state(numpy_state)
        random.setstate(python_state)


@contextmanager
def quiet() -> Iterator[None]:
    """Switch the libraries' progress bars off: progress is the caller's to show."""
    shown = transformers_logging.is_progress_bar_enabled(), datasets.utils.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    datasets.utils.disable_progress_bars()
    try:
        yield
    finally:
        if shown[0]:
            transformers_logging.enable_progress_bar()
        if shown[1]:
            datasets.utils.enable_progress_bars()
