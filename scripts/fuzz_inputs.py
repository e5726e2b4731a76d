"""Feed damaged inputs to whatever reads a stranger's text outside the jail, and print what became of them.

    scripts/fuzz_inputs                       20,000 inputs, the same ones each time
    scripts/fuzz_inputs --count 500 --seed 7  fewer, others

An input is right when it is read, or refused by an error of its kind, within a second of processor time. The
exit code is 1 if one was not; the first of each kind is printed with its number, and `--only KIND NUMBER`
repeats it. Nothing is run that a program says, and nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import random
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.metrics  # noqa: F401 - loaded here, so that no reader's time has it
from PIL import Image
from pydantic import ValidationError

from corpus.exchange.importing.importer import import_programs, recognise
from corpus.mining.miner import Miner
from corpus.novelty.similarity import Shingler
from corpus.programs.contract import breaches
from corpus.programs.families import block_families
from corpus.programs.parsing import parse
from corpus.programs.structure import structure_of
from corpus.records.graphs import NetworkGraph
from corpus.records.mistakes import Mistake
from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from cycles.config.document import commented_toml
from cycles.config.run import load_config
from cycles.reporting.drawing import draw
from cycles.reporting.gallery import highlighted
from evaluator.tasks import load_task
from generator.grammar import sample_program
from generator.ideas.codemods import CodemodError, places
from generator.ideas.pool import read_pool, shipped, write_pool
from generator.prompts.extraction import extract_program
from generator.samplers.contract import UpstreamError
from generator.serving.endpoint import Endpoint
from generator.spaces.trees import TreeSpace
from generator.trees.nodes import Tree
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.reader import read as tree_of

LONGEST_SECONDS = 1.0
LONGEST_CHARACTERS = 30_000
SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)
REFUSALS = (Mistake, UpstreamError, ValidationError, SyntaxError, NotATreeError, CodemodError)

FRAGMENTS = (
    *(
        "(",
        "[",
        "{",
        '"',
        "'",
        '"""',
        "```",
        "````",
        "~~~",
        "\\",
        "\n",
        "\r",
        "\t",
        "#",
        "-",
        ".",
        ",",
        ":",
        "=",
    ),
    *("\0", "\ufeff", "\u2028", "\u00a0", "\u200b", "\u202e", "\ud800", "\U0010ffff", "\x1b[31m", "\x85"),
    *("1e999", "-1", "NaN", "Infinity", "9" * 5_000, "0x" + "f" * 900, "null", "true", "{}", "[]", '"a":'),
    *(
        " " * 700,
        "x:",
        "import ",
        "from ",
        "class Net",
        "def f(",
        "lambda:",
        "not ",
        "f'{a}'",
        "a.",
        "<nn>",
        "</tr>",
    ),
    *(
        "<think>",
        "<|im_end|>",
        "[[a]]\n",
        "a.b = ",
        "*a",
        "&a ",
        "<<: ",
        "--- \n",
        "@a\n",
        "if x:\n ",
        "elif x:\n ",
    ),
)
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        2**70,
        10**400,
        1e308,
        float("inf"),
        float("nan"),
        "",
        "x",
        "\ud800",
        "\0",
        "a" * 3_000,
    ),
    *([], {}, [[]], [None], {"a": None}, [-1] * 300),
)


@dataclass
class Counts:
    """What became of the inputs of one kind."""

    read: int = 0
    refused: int = 0
    tracebacks: int = 0
    slow: int = 0
    worst_seconds: float = 0.0
    first: str = ""


Reader = Callable[[random.Random], Callable[[], object]]
"""Makes an input, and returns what reads it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000, help="inputs, as many of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the damage")
    parser.add_argument("--only", nargs=2, metavar=("KIND", "NUMBER"), help="repeat one input")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _server() as server:
        kinds = _readers(Path(folder), server)
        if options.only:
            kind, number = options.only
            kinds[kind](random.Random(f"{options.seed}/{kind}/{number}"))()
            return
        counts = {
            kind: _tried(kind, read, options.count // len(kinds), options.seed)
            for kind, read in kinds.items()
        }
    sys.exit(any(found.tracebacks or found.slow for found in counts.values()))


def _tried(kind: str, read: Reader, count: int, seed: int) -> Counts:
    found = Counts()
    for number in range(count):
        work = read(random.Random(f"{seed}/{kind}/{number}"))
        start = time.process_time()
        try:
            work()
            found.read += 1
        except REFUSALS:
            found.refused += 1
        except Exception:  # noqa: BLE001 - what this script is there to find
            found.tracebacks += 1
            found.first = found.first or f"{kind} {number}: {traceback.format_exc()}"
        seconds = time.process_time() - start
        if seconds > LONGEST_SECONDS:
            found.slow += 1
            found.first = found.first or f"{kind} {number}: {seconds:.1f} s"
        found.worst_seconds = max(found.worst_seconds, seconds)
    print(
        f"{kind}: {found.read} read, {found.refused} refused, {found.tracebacks} tracebacks, "
        f"{found.slow} over {LONGEST_SECONDS:.0f} s; the slowest took {found.worst_seconds:.2f} s",
        flush=True,
    )
    if found.first:
        print(found.first, file=sys.stderr)
    return found


def _readers(folder: Path, server: _Server) -> dict[str, Reader]:
    configuration = commented_toml(load_config("cpu-tiny"))
    programs = [sample_program(random.Random(number), SHAPE).source for number in range(50)]
    space = TreeSpace(SHAPE)
    networks = [space.sample(random.Random(number)) for number in range(20)]
    write_pool(shipped().where(list(shipped().ideas.values())[::20]), folder / "ideas.toml")
    ideas = (folder / "ideas.toml").read_text()
    export = folder / "export"
    export.mkdir()
    (export / "README.md").write_text(_CARD)

    def completions(rng: random.Random) -> Callable[[], object]:
        text = damaged(f"Here it is:\n```python\n{rng.choice(programs)}```\nIt trains.\n", rng)
        return lambda: _program_read(text)

    def graphs(rng: random.Random) -> Callable[[], object]:
        text = damaged_json(_graph(rng), rng)
        return lambda: _graph_read(text)

    def rows(rng: random.Random) -> Callable[[], object]:
        text = damaged_json(_ROW | {"source": rng.choice(programs)}, rng)
        (export / "programs.jsonl").write_text(text + "\n", errors="surrogatepass")
        return lambda: import_programs(recognise(export), None, dry_run=True)

    def documents(rng: random.Random) -> Callable[[], object]:
        text = damaged(configuration, rng)
        (folder / "run.toml").write_text(text, errors="surrogatepass")
        overrides = [f"seed={text[:200]}"] if rng.random() < 0.2 else []
        return lambda: load_config(str(folder / "run.toml"), overrides)

    def answers(rng: random.Random) -> Callable[[], object]:
        text = damaged_json(_ANSWER, rng)
        status = rng.choice((*[200] * 6, 302, 400, 404, 429, 503))
        server.answer = status, text.encode(errors="surrogatepass")
        return lambda: asyncio.run(_asked(f"http://127.0.0.1:{server.server_port}/v1"))

    def trees(rng: random.Random) -> Callable[[], object]:
        text = damaged(space.encode(rng.choice(networks)), rng)
        return lambda: _tree_read(text, space)

    def networks_of_programs(rng: random.Random) -> Callable[[], object]:
        text = damaged(rng.choice(programs), rng)
        return lambda: tree_of(text, SHAPE, space.library)

    def sources(rng: random.Random) -> Callable[[], object]:
        text = damaged(rng.choice(programs), rng)
        (folder / "mined.py").write_text(text, errors="surrogatepass")
        return lambda: list(Miner().mine(str(folder / "mined.py")))

    def pools(rng: random.Random) -> Callable[[], object]:
        text = damaged(ideas, rng)
        (folder / "ideas.toml").write_text(text, errors="surrogatepass")
        return lambda: _ideas_read(folder / "ideas.toml", rng.choice(networks), space)

    def archives(rng: random.Random) -> Callable[[], object]:
        path = folder / "own.npz"
        np.savez(path, **_arrays(rng))
        if rng.random() < 0.5:
            path.write_bytes(damaged_bytes(path.read_bytes(), rng))
        return lambda: load_task(rng.choice(("own-data", "own-data", "images")), path)

    def masks(rng: random.Random) -> Callable[[], object]:
        for split in ("train", "test"):
            for part, high in (("images", 256), ("masks", 3)):
                place = folder / "own" / split / part
                place.mkdir(parents=True, exist_ok=True)
                for name in "abc":
                    (place / f"{name}.png").write_bytes(_picture(rng, high))
        return lambda: load_task("own-data", folder / "own")

    kinds = (
        *(completions, graphs, rows, documents, answers, trees, networks_of_programs, sources, pools),
        *(archives, masks),
    )
    return {each.__name__: each for each in kinds}


def _arrays(rng: random.Random) -> dict[str, Any]:
    """Return an archive of some kind, as arrays of which some are not what they should be."""
    kind = rng.choice(list(TaskKind))
    numbers = np.random.Generator(np.random.PCG64(rng.getrandbits(32)))
    signal = rng.random() < 0.5
    form = (2, 12) if signal else (2, 4, 5)
    targets = {
        TaskKind.SINGLE_LABEL: (),
        TaskKind.MULTI_LABEL: (3,),
        TaskKind.SEGMENTATION: form[1:],
        TaskKind.REGRESSION: (1, *form[1:]),
    }[kind]
    arrays: dict[str, Any] = {"kind": np.array(str(kind))}
    for split, count in (("train", 12), ("test", 6)):
        arrays[f"x_{split}"] = numbers.normal(size=(count, *form)).astype(np.float32)
        arrays[f"y_{split}"] = numbers.integers(0, 2, size=(count, *targets))
    for _ in range(rng.choice((0, 1, 1, 2))):
        key = rng.choice(list(arrays))
        arrays[key] = _other(arrays[key], rng)
    return {key: array for key, array in arrays.items() if rng.random() < 0.98}


def _other(array: np.ndarray, rng: random.Random) -> np.ndarray:
    ways: tuple[Callable[[], Any], ...] = (
        lambda: array.astype(rng.choice(("u1", "i8", "f2", "f8", "c8", "?", "U3", "S2", "M8[s]", "m8[s]"))),
        lambda: array.reshape(-1),
        lambda: array[None],
        lambda: array[..., None],
        lambda: array.T,
        lambda: array[:0],
        lambda: array[: rng.randrange(13)],
        lambda: np.where(array == array.reshape(-1)[0], rng.choice((-1, 255, 2**62, np.nan, np.inf)), array),
        lambda: np.zeros((1,) * rng.choice((0, 2, 5, 32))),
        lambda: np.array(rng.choice(("", "regression", "x" * 900))),
    )
    try:
        return np.asarray(rng.choice(ways)())
    except (ValueError, TypeError, IndexError):  # it cannot be changed so
        return array


def _picture(rng: random.Random, high: int) -> bytes:
    pixels = np.random.Generator(np.random.PCG64(rng.getrandbits(32))).integers(0, high, size=(5, 6))
    buffer = io.BytesIO()
    mode = rng.choice(("L", "L", "L", "L", "P", "1", "RGB", "I;16", "LA")) if rng.random() < 0.2 else "L"
    image = Image.fromarray(pixels.astype(np.uint16 if mode == "I;16" else np.uint8))
    (image if mode == "I;16" else image.convert(mode)).save(buffer, format="png")
    content = buffer.getvalue()
    return damaged_bytes(content, rng) if rng.random() < 0.1 else content


def _program_read(text: str) -> None:
    source = extract_program(text)
    for program in (text, source or ""):
        block_families(program)
        Shingler().array(program)
        highlighted(program)
    list(breaches(parse(source or text)))


def _graph_read(text: str) -> None:
    graph = NetworkGraph.model_validate_json(text)
    structure_of(graph)
    draw(graph)


def _tree_read(text: str, space: TreeSpace) -> None:
    point = space.decode(text)
    if point is not None:
        space.render(space.mutate(point, random.Random(0))[0])


def _ideas_read(path: Path, tree: Tree, space: TreeSpace) -> None:
    for idea in read_pool(path).ideas.values():
        if idea.codemod is not None:
            places(idea.codemod, tree, space.ground)


async def _asked(url: str) -> None:
    async with Endpoint(url, attempts=1) as endpoint:
        await endpoint.chat({})


def damaged(text: str, rng: random.Random) -> str:
    """Return `text` with a few places cut, repeated, moved or replaced."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        first, last = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        last = min(last, first + rng.choice((1, 3, 10, 100, 1_000)))
        text = (text[:first] + _damage(text[first:last], rng) + text[last:])[:LONGEST_CHARACTERS]
    return text[: rng.randrange(len(text) + 1)] if rng.random() < 0.1 else text


def _damage(piece: str, rng: random.Random) -> str:
    ways: tuple[Callable[[], str], ...] = (
        lambda: "",
        lambda: piece * rng.choice((2, 10, 300)),
        lambda: rng.choice(FRAGMENTS),
        lambda: piece + rng.choice(FRAGMENTS) * rng.choice((1, 2, 50, 3_000)),
        lambda: piece[::-1],
        lambda: "".join(chr(rng.choice((rng.randrange(128), rng.randrange(0x11_0000)))) for _ in piece),
        lambda: json.dumps(rng.choice(VALUES)),
    )
    return rng.choice(ways)()


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return `content` with a few bytes changed, cut out or repeated."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        first = rng.randrange(len(content) + 1)
        last = min(len(content), first + rng.choice((1, 1, 4, 30)))
        piece = rng.choice((b"", rng.randbytes(last - first), content[first:last] * 2, bytes(last - first)))
        content = content[:first] + piece + content[last:]
    return content


def damaged_json(document: Any, rng: random.Random) -> str:
    """Return a document as JSON with a few values replaced, and now and then with damaged text."""
    copy = deepcopy(document)
    for _ in range(rng.randrange(0, 4)):
        places = list(_places(copy))
        if places:
            holder, key = rng.choice(places)
            holder[key] = _nest(rng) if rng.random() < 0.1 else deepcopy(rng.choice(VALUES))
    text = json.dumps(copy, ensure_ascii=rng.random() < 0.5)
    return damaged(text, rng) if rng.random() < 0.4 else text


def _nest(rng: random.Random) -> Any:
    value: Any = 0
    for _ in range(rng.choice((10, 100, 300))):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in list(inner):
        yield value, key
        yield from _places(each)


def _graph(rng: random.Random) -> dict[str, Any]:
    nodes: list[dict[str, Any]] = [{"op": "input", "shape": [-1, 1, 12, 12]}]
    for index in range(1, rng.choice((3, 20, 120, 600))):
        reach = rng.choice((1, 3, 40))
        inputs = [rng.randrange(max(0, index - reach), index) for _ in range(rng.choice((1, 2, 12)))]
        nodes.append({"op": rng.choice(("convolution", "relu", "add", "cat", "parameter")), "inputs": inputs})
        nodes[-1]["attributes"] = rng.choice(("", "stride=2,2", "kernel_size=3,3 groups=4"))
    taken = {source for node in nodes for source in node.get("inputs", ())}
    nodes.append({"op": "cat", "inputs": [place for place in range(len(nodes)) if place not in taken][:250]})
    return {"nodes": nodes}


_CARD = """---
tags:
- archloop
configs:
- config_name: programs
  data_files:
  - split: ledger
    path: programs.jsonl
dataset_info:
- config_name: programs
  splits:
  - name: ledger
    num_examples: 1
---
"""

_ROW: dict[str, Any] = dict.fromkeys(
    (
        "finish_reason",
        "prompt_id",
        "seed",
        "cycle",
        "generator_hash",
        "adapter_hash",
        "sampling",
        "machine_id",
    ),
) | {
    **{
        "id": "seed/0",
        "split": "train",
        "origin": "seed",
        "source_id": None,
        "completion": "x",
        "token_count": 3,
    },
    **{"index": 0, "parents": ["a"], "generator": "grammar", "admitted": True, "reason": "ADMITTED"},
    **{"nearest_id": None, "jaccard": 0.5, "twin_id": None, "group_id": "g", "licence": "MIT"},
    **{"imported_from": None, "imported_path": None},
}

_ANSWER: dict[str, Any] = {
    "id": "chat-1",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "class Net: pass"},
            "finish_reason": "stop",
            "stop_reason": None,
            "logprobs": {"content": [{"token": "class", "logprob": -0.5}, {"token": "Net", "logprob": -1.5}]},
            "token_ids": [1, 2],
        }
    ],
    "prompt_token_ids": [3, 4],
    "usage": {"prompt_tokens": 2, "completion_tokens": 3},
}


class _Server(ThreadingHTTPServer):
    """Answers every request with what `answer` holds: a status and a body."""

    daemon_threads = True
    answer: tuple[int, bytes] = 200, b""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        """Give the answer, whatever was asked."""
        status, body = self.server.answer
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep requests out of the terminal."""


@contextmanager
def _server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


if __name__ == "__main__":
    main()
