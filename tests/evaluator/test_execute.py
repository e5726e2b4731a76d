"""`SandboxedEvaluator.execute`: a script in the jail over the training split, and its transcript."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from corpus.records.search.transcripts import MAX_OUTPUT_CHARACTERS, ScriptEnding, Transcript
from evaluator.config import EvaluatorConfig, ScriptConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import load_task
from tests.evaluator_programs import candidate, processes_of_programs, program

SCRIPTS = ScriptConfig(cpu_seconds=1, wall_seconds=8.0, memory_bytes=2**29, output_bytes=100_000)
CONFIG = EvaluatorConfig(task="digits-clean", workers=1, cpu_seconds=5, wall_seconds=20.0, scripts=SCRIPTS)


@pytest.fixture(scope="module")
def evaluator() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(CONFIG) as opened:
        yield opened


LOOK = """\
import zlib
import numpy as np
import torch

print(type(train_images).__name__, train_images.dtype, train_images.shape, zlib.crc32(train_images))
print(type(train_labels).__name__, train_labels.dtype, train_labels.shape, zlib.crc32(train_labels))
print(torch.from_numpy(train_images).float().mean().item() == np.float32(train_images.mean()))
"""


def test_a_script_sees_the_training_split_and_may_use_numpy_and_torch(evaluator: SandboxedEvaluator) -> None:
    result, train = evaluator.execute(LOOK), load_task("digits-clean").train
    images, labels, same = result.output.splitlines()
    assert result.ending is ScriptEnding.FINISHED and result.error is None
    assert images == f"ndarray uint8 {train.inputs.shape} {zlib.crc32(np.ascontiguousarray(train.inputs))}"
    assert labels == f"ndarray int64 {train.targets.shape} {zlib.crc32(np.ascontiguousarray(train.targets))}"
    assert same in ("True", "False") and result.cpu_seconds > 0 and result.wall_seconds > 0


def test_a_script_is_told_the_hyperparameters_of_the_protocol(evaluator: SandboxedEvaluator) -> None:
    assert evaluator.execute("print(hyperparameters)").output == f"{CONFIG.prm(())}\n"


def test_a_script_prints_the_same_every_time(evaluator: SandboxedEvaluator) -> None:
    code = "import random, torch\nprint(random.random(), torch.rand(1), {'a', 'b', 'c'})"
    assert evaluator.execute(code).output == evaluator.execute(code).output != ""


def test_output_and_errors_stand_in_the_order_written(evaluator: SandboxedEvaluator) -> None:
    code = "print('one')\nprint('two', file=sys.stderr)\nos.write(1, b'three ')\nprint(4, end='')"
    code = f"import os, sys\n{code}"
    assert evaluator.execute(code).output == "one\ntwo\nthree 4"


def test_a_script_is_the_main_module(evaluator: SandboxedEvaluator) -> None:
    look = "print(__main__.train_labels is train_labels, sys.argv)"
    code = f"import __main__, sys\nif __name__ == '__main__': {look}"
    assert evaluator.execute(code).output == "True ['<script>']\n"


@pytest.mark.parametrize(
    ("code", "kind", "last"),
    [
        ("def f():\n    return 1 / 0\nf()", "ZeroDivisionError", "line 2, in f\n    return 1 / 0"),
        ("x =", "SyntaxError", "SyntaxError: invalid syntax"),
        ("import absent_pkg", "ModuleNotFoundError", "No module named 'absent_pkg'"),
        ("import sys\nsys.exit('bye')", "SystemExit", "SystemExit: bye"),
        ("def f(): f()\nf()", "RecursionError", "maximum recursion depth exceeded"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "raise KeyboardInterrupt"),
        ("x = '\0'", "SyntaxError", "null bytes"),
        ("x = '\ud800'", "UnicodeEncodeError", "surrogates not allowed"),
        ("open('/etc/passwd')", "FileNotFoundError|PermissionError", "/etc/passwd"),
        ("import os\nos.fork()", "PermissionError", "Operation not permitted"),
        ("import socket\nsocket.socket()", "PermissionError", "Operation not permitted"),
    ],
)
def test_a_script_that_raises_leaves_its_last_lines(
    evaluator: SandboxedEvaluator, code: str, kind: str, last: str
) -> None:
    result = evaluator.execute(code)
    assert result.ending is ScriptEnding.RAISED, result
    assert result.error_type in kind.split("|") and last in (result.error or "")
    assert "scripting.py" not in (result.error or "")


def test_an_error_whose_class_lies_is_an_error_all_the_same(evaluator: SandboxedEvaluator) -> None:
    code = (
        "class Liar(Exception):\n"
        "    def __str__(self): raise Liar\n"
        "    __repr__ = __str__\n"
        "    __class__ = property(lambda self: 1 / 0)\n"
        "    __traceback__ = None\n"
        "raise Liar"
    )
    result = evaluator.execute(code)
    assert (result.ending, result.error_type) == (ScriptEnding.RAISED, "Liar")


@pytest.mark.parametrize("code", ["import sys\nsys.exit()", "raise SystemExit(0)", ""])
def test_a_script_that_leaves_in_peace_has_finished(evaluator: SandboxedEvaluator, code: str) -> None:
    assert evaluator.execute(code).ending is ScriptEnding.FINISHED


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("while True: pass", "seconds of (processor|wall) time"),
        ("import time\ntime.sleep(60)", "more than 8 seconds of wall time"),
        ("x = bytearray(2**40)", "MemoryError"),
        ("import torch\ntorch.zeros(2**29)", "allocate"),
        ("print('x' * 200_000)", "100000 bytes"),
        ("while True: print('flood')", "100000 bytes"),
        ("import os\nwhile True: os.write(2, bytes(5000))", "100000 bytes"),
        (
            "import threading, time\nthreading.stack_size(2**16)\n"  # so that memory is not the limit
            "while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
            "64 threads|can't start new thread",  # the zygote's watch, or no room in memory
        ),
    ],
    ids=["loop", "sleep", "memory", "tensor", "long line", "flood", "flood of bytes", "threads"],
)
def test_a_script_beyond_a_limit_says_which(evaluator: SandboxedEvaluator, code: str, words: str) -> None:
    result = evaluator.execute(code)
    assert result.ending is ScriptEnding.LIMIT_EXCEEDED, result
    assert re.search(words, result.error or ""), result
    assert result.wall_seconds < 10 and len(result.output) <= MAX_OUTPUT_CHARACTERS
    assert processes_of_programs() == []


def test_long_output_is_cut_in_the_middle(evaluator: SandboxedEvaluator) -> None:
    result = evaluator.execute("for number in range(10_000): print(number)")
    assert result.ending is ScriptEnding.FINISHED and len(result.output) <= MAX_OUTPUT_CHARACTERS
    assert result.output.startswith("0\n1\n2\n") and result.output.endswith("9998\n9999\n")
    assert f"[... {result.left_out} characters are left out here ...]" in result.output
    assert result.left_out > 40_000


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os\nos._exit(0)", "exit code 0 and without an answer"),
        ("import os\nos.close(3)\nimport time\ntime.sleep(60)", "closed the result channel"),
        ("import os\nos.abort()", "SIGABRT"),
        ("import os\nos.write(3, b'Z' * 100)\nwhile True: pass", "unknown kind of frame"),
        ("import os\nos.write(3, b'J\\xff\\xff\\xff\\x7f')\nwhile True: pass", "the limit is 4096"),
        ("import os\nos.write(3, b'J\\0\\0\\0\\x02{}')\nwhile True: pass", "outside of the vocabulary"),
    ],
)
def test_a_script_that_leaves_without_a_word_has_crashed(
    evaluator: SandboxedEvaluator, code: str, words: str
) -> None:
    result = evaluator.execute(f"print('so far')\n{code}")
    assert result.ending is ScriptEnding.CRASHED and words in (result.error or ""), result
    assert result.output == "so far\n"


@pytest.mark.parametrize(
    "code",
    [
        "print(1)",
        "import os\nos.write(1, bytes(range(256)) * 30)",
        "print('\\ud800 \\x1b[2J \\u202e \\0', '€😀' * 3000)",
        "raise ValueError('\\ud800 \\x1b[2J \\u202e' * 100)",
        "class E(Exception): pass\nE.__name__ = '\\x1b[2J' * 100\nraise E",
    ],
)
def test_a_transcript_is_one_row_that_can_be_read_again(evaluator: SandboxedEvaluator, code: str) -> None:
    result = evaluator.execute(code)
    assert Transcript.model_validate_json(result.model_dump_json()) == result
    texts = f"{result.output}{result.error}{result.error_type}"
    assert texts.encode() and all(each.isprintable() or each in "\n\t" for each in texts)


# Nothing of one script reaches the next job, and nothing of the other splits reaches a script.

SPOIL = """\
import builtins, os, sys, threading, time
import numpy as np
import torch
from torch import nn

train_images[:] = 0
train_labels[:] = 0
frame = sys._getframe()
while frame:
    if "data" in frame.f_locals:
        frame.f_locals["data"].inputs.zero_()
        frame.f_locals["data"].targets.zero_()
    frame = frame.f_back
builtins.print = nn.Conv2d.forward = nn.CrossEntropyLoss.forward = lambda *_: 1 / 0
torch.manual_seed = np.random.seed = lambda seed: None
os.environ["NOTE"] = "to the next one"
with open("left", "w") as file:
    file.write("a note to the next one")
threading.Thread(target=time.sleep, args=(60,)).start()
"""
SEARCH_FOR_NOTES = """\
import os
print(os.listdir("."), os.environ.get("NOTE"), train_images.sum(), train_labels.sum())
"""


def test_nothing_that_a_script_does_reaches_the_next_job(evaluator: SandboxedEvaluator) -> None:
    def accuracy() -> tuple[object, ...]:
        result = next(iter(evaluator.evaluate([candidate(program())])))
        return result.status, result.accuracy, result.losses

    before, train = accuracy(), load_task("digits-clean").train
    assert evaluator.execute(SPOIL).ending is ScriptEnding.FINISHED
    assert processes_of_programs() == []
    notes = evaluator.execute(SEARCH_FOR_NOTES).output
    assert notes == f"[] None {train.inputs.sum()} {train.targets.sum()}\n"
    assert accuracy() == before and before[1] is not None


SEARCH = """\
import re

found = dict.fromkeys(PATTERNS, 0)
for row in open("/proc/self/maps").read().splitlines():
    addresses, rights, *_ = row.split()
    start, end = (int(each, 16) for each in addresses.split("-"))
    if "w" in rights:
        memory = open("/proc/self/mem", "rb", 0)
        memory.seek(start)
        content = memory.read(end - start)
        for name, pattern in PATTERNS.items():
            found[name] += len(re.findall(pattern.encode(), content, re.DOTALL))
print(sorted(name for name, count in found.items() if count))
"""


def test_no_label_and_no_image_of_another_split_is_in_the_process() -> None:
    """A script without isolation, which would only keep it from looking, searches all its memory.

    It knows what to look for only as the text of a regular expression, so it does not find its own question.
    Of the training split, the control, it finds both.
    """
    task = load_task("digits-clean")
    patterns = {
        f"{name} {kind}": "".join(f"\\x{byte:02x}" for byte in rows.tobytes())
        for name, split in (("train", task.train), ("val", task.val), ("test", task.read_test()))
        for kind, rows in (("image", split.inputs[7]), ("labels", split.targets[:24]))
    }
    limits = SCRIPTS.model_copy(update={"cpu_seconds": 30, "wall_seconds": 120.0})
    config = CONFIG.model_copy(update={"isolation": "unsafe", "scripts": limits})
    with SandboxedEvaluator(config) as uncontained:
        result = uncontained.execute(f"PATTERNS = {patterns!r}\n{SEARCH}")
    assert result.output == "['train image', 'train labels']\n", result


@pytest.mark.slow
def test_a_script_that_kills_its_zygote_every_time_has_crashed() -> None:
    config = CONFIG.model_copy(update={"isolation": "unsafe"})
    with SandboxedEvaluator(config) as uncontained:
        result = uncontained.execute("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)")
        assert result.ending is ScriptEnding.CRASHED and "3 times out of 3" in (result.error or "")
        assert uncontained.execute("print(1)").output == "1\n"
