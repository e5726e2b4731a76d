"""vLLM itself, on the embedded model and on this machine's CPU: what it answers, and that it stays up.

One server serves the whole file, deciders over it too. The engine in process gets a process of its own,
because it settles threads and memory for good.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.records.prompts import Message, Prompt, SamplingParameters
from corpus.records.search.calls import AnswerPath
from generator.config.serving import EngineConfig, ServerConfig
from generator.deciders.building import build_decider
from generator.deciders.contract import Decider
from generator.deciders.documents import document_in
from generator.embedded import embedded_model_path
from generator.samplers.contract import (
    Choice,
    Grammar,
    JsonSchema,
    Regex,
    Sample,
    Sampler,
    SamplingOptions,
    UpstreamError,
    in_order,
)
from generator.samplers.outline import program_outline
from tests.command_line import ENTRY

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None, reason="no vLLM here: bash scripts/install_vllm"
    ),
]

ROOT = Path(__file__).parents[2]
GREEDY = SamplingParameters(temperature=0, max_new_tokens=150)


def prompts(count: int) -> list[Prompt]:
    return [
        Prompt(
            id=f"p{seed}", strategy="s", template="compact", seed=seed,
            messages=(
                Message(
                    role="user",
                    content=f"1x12x12 images, 10 classes, at most {20_000 * (seed + 1)} parameters, "
                    f"accuracy above 0.{30 + seed}",
                ),
            ),
        )
        for seed in range(count)
    ]  # fmt: skip


def answers(source: Sampler, count: int, adapter: Path | None, **options: Any) -> list[Sample]:
    asked = prompts(count)
    return list(in_order(asked, source.sample(asked, adapter, SamplingOptions(**options))))


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two random adapters, strong enough to change what the model says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    paths = []
    for seed in (1, 2):
        path = tmp_path_factory.mktemp(f"adapter{seed}")
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            base = AutoModelForCausalLM.from_pretrained(embedded_model_path())
            modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
            config = LoraConfig(
                r=16, lora_alpha=32, target_modules=modules, init_lora_weights=False, task_type="CAUSAL_LM"
            )
            model = get_peft_model(base, config)
            for name, weight in model.named_parameters():
                if "lora_B" in name:
                    weight.data *= 0.3
            model.save_pretrained(path)
        paths.append(path)
    return paths[0], paths[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from generator.serving.vllm.server import VllmServer

    log = tmp_path_factory.mktemp("server") / "vllm.log"
    with VllmServer(
        embedded_model_path(), EngineConfig(), ServerConfig(), device="cpu", threads=1, log_file=log
    ) as started:
        started.start()
        yield started


def over_http(server: Any, parameters: SamplingParameters = GREEDY, **settings: Any) -> Any:
    from generator.serving.endpoint_sampler import EndpointSampler

    return EndpointSampler(ServerConfig(**settings), parameters, server=server)


def in_process() -> Sampler:
    from generator.samplers.transformers import TransformersSampler

    return TransformersSampler(embedded_model_path(), GREEDY, batch_size=20)


OFFLINE = """
import json, sys
from pathlib import Path
from generator.serving.offline_sampler import OfflineSampler
from generator.embedded import embedded_model_path
from generator.config.serving import EngineConfig
from tests.generator.test_vllm import GREEDY, answers
source = OfflineSampler(embedded_model_path(), GREEDY, EngineConfig())
out, first, second = map(Path, sys.argv[1:])
rows = {
    "base": answers(source, 20, None),
    "first": answers(source, 20, first),
    "second": answers(source, 5, second),
    "base again": answers(source, 5, None),
    "stop": answers(source, 5, None, stop=("class Net",), logprobs=True),
}
plain = {name: [row.model_dump(mode="json") for row in group] for name, group in rows.items()}
out.write_text(json.dumps(plain))
"""


@pytest.fixture(scope="module")
def offline(adapters: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Sample]]:
    out = tmp_path_factory.mktemp("offline") / "samples.json"
    command = [sys.executable, "-c", OFFLINE, out, *adapters]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return {
        name: [Sample.model_validate(row) for row in group]
        for name, group in json.loads(out.read_text()).items()
    }


def test_greedy_completions_of_the_base_model_are_equal_in_all_three(
    server: Any, offline: dict[str, list[Sample]]
) -> None:
    expected = answers(in_process(), 20, None)
    assert answers(over_http(server), 20, None) == expected
    assert offline["base"] == expected
    assert offline["base again"] == expected[:5], "an adapter stayed on the base model"


def test_greedy_completions_under_an_adapter_are_equal_in_all_three(
    server: Any, offline: dict[str, list[Sample]], adapters: tuple[Path, Path]
) -> None:
    source, reference = over_http(server), in_process()
    expected = answers(reference, 20, adapters[0])
    assert expected != answers(reference, 20, None), "the adapter must matter for this to prove anything"
    assert answers(source, 20, adapters[0]) == expected
    assert offline["first"] == expected
    other = answers(reference, 5, adapters[1])
    assert answers(source, 5, adapters[1]) == other
    assert offline["second"] == other


def test_stop_texts_counts_and_log_probabilities_mean_the_same_in_all_three(
    server: Any, offline: dict[str, list[Sample]]
) -> None:
    asked: dict[str, Any] = {"stop": ("class Net",), "logprobs": True}
    expected = answers(in_process(), 5, None, **asked)
    assert all(row.text.endswith("\n\n") and row.finish_reason == "stop" for row in expected)
    for found in (answers(over_http(server), 5, None, **asked), offline["stop"]):
        for row, wanted in zip(found, expected, strict=True):
            assert row.model_copy(update={"logprobs": None}) == wanted.model_copy(update={"logprobs": None})
            assert row.logprobs == pytest.approx(wanted.logprobs, abs=1e-3)
            assert row.logprobs is not None and len(row.logprobs) == row.token_count


def test_equal_seeds_give_equal_completions_and_other_seeds_others(server: Any) -> None:
    source = over_http(server, SamplingParameters(temperature=0.8, max_new_tokens=60))
    (first,), (again,) = (answers(source, 1, None) for _ in range(2))
    assert first == again
    drawn = answers(source, 8, None)
    assert len({row.text for row in drawn}) == 8


def test_a_completion_ends_at_the_context_and_a_prompt_that_fills_it_is_refused(server: Any) -> None:
    source = over_http(server, SamplingParameters(temperature=0, max_new_tokens=4000))
    long = prompts(1)[0].model_copy(update={"messages": (Message(role="user", content="class " * 1200),)})
    (sample,) = source.sample([long], None)
    assert sample.finish_reason in ("stop", "length")
    full = prompts(1)[0].model_copy(update={"messages": (Message(role="user", content="class " * 2500),)})
    (refused,) = source.sample([full], None)
    assert refused.finish_reason == "refused" and "context length" in (refused.refusal or "")


def test_the_probe_accepts_the_adapter_and_no_other(server: Any, adapters: tuple[Path, Path]) -> None:
    import asyncio

    from generator.serving.adapter_probe import check_against_base, check_against_peft
    from generator.serving.endpoint import Endpoint

    async def talk() -> None:
        async with Endpoint(server.url, api_key=server.api_key) as endpoint:
            await endpoint.load_adapter("probed", str(adapters[0]))
            await check_against_peft(endpoint, "probed", server.model, adapters[0])
            await check_against_base(endpoint, "probed", server.name)
            with pytest.raises(UpstreamError, match="does not serve"):
                await check_against_peft(endpoint, "probed", server.model, adapters[1])
            with pytest.raises(UpstreamError, match="does not serve"):
                await check_against_peft(endpoint, server.name, server.model, adapters[0])
            with pytest.raises(UpstreamError, match="ignores the adapter"):
                await check_against_base(endpoint, server.name, server.name)
            await endpoint.unload_adapter("probed")

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("guide", "fits"),
    [
        (Choice(options=("widen", "deepen")), lambda text: text in ("widen", "deepen")),
        (Regex(pattern=r"[0-9]{3}-[a-c]+x"), lambda text: re.fullmatch(r"[0-9]{3}-[a-c]+x", text)),
        (
            Grammar(ebnf='root ::= "conv" ("-" [0-9])* "."'),
            lambda text: re.fullmatch(r"conv(-[0-9])*\.", text),
        ),
        (
            JsonSchema(
                document={
                    "type": "object",
                    "properties": {"prefer": {"enum": ["conv", "pool"]}, "width": {"type": "boolean"}},
                    "required": ["prefer", "width"],
                    "additionalProperties": False,
                }
            ),
            lambda text: set(json.loads(text)) == {"prefer", "width"},
        ),
        (program_outline(), lambda text: compile(text, "program", "exec")),
    ],
    ids=["choice", "regex", "grammar", "json", "outline"],
)
def test_a_guided_completion_has_the_form_that_was_asked_for(server: Any, guide: Any, fits: Any) -> None:
    source = over_http(server, SamplingParameters(temperature=0.5, max_new_tokens=900))
    for sample in answers(source, 4, None, guide=guide):
        assert sample.finish_reason == "stop"
        assert fits(sample.text)


def test_long_prompts_that_fill_more_than_a_step_together_are_all_answered(server: Any) -> None:
    long = [
        prompt.model_copy(
            update={"messages": (Message(role="user", content=f"{prompt.id} " + "images, " * 400),)}
        )
        for prompt in prompts(24)
    ]
    source = over_http(server, SamplingParameters(temperature=0.8, max_new_tokens=4))
    assert {each.prompt_id for each in source.sample(long, None)} == {prompt.id for prompt in long}


# A decider over the same server.

CHAT = (Message(role="user", content="1x12x12 images, 10 classes, at most 20000 parameters"),)
OPTIONS = ("widen", "deepen", "swap an operator")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"prefer": {"enum": ["conv", "pool"]}, "explore": {"type": "boolean"}},
    "required": ["prefer", "explore"],
    "additionalProperties": False,
}


@pytest.fixture
def decider(server: Any) -> Decider:
    sampler = over_http(server, SamplingParameters(max_new_tokens=200))
    return build_decider("generator", lambda: sampler)


def test_every_document_of_a_masked_model_is_what_the_schema_accepts(decider: Decider) -> None:
    documents = [decider.json(CHAT, SCHEMA, seed=seed) for seed in range(20)]
    assert {document.path for document in documents} == {AnswerPath.GUIDED}
    for document in documents:
        assert document.text is not None and document_in(document.text, SCHEMA).value == document.value
        assert document.token_count > 0 and document.model == "embedded"
    assert len({str(document.value) for document in documents}) > 1


def test_every_choice_of_a_masked_model_is_an_option(decider: Decider) -> None:
    choices = [decider.choose(CHAT, OPTIONS, seed=seed) for seed in range(20)]
    assert {choice.path for choice in choices} == {AnswerPath.GUIDED}
    assert {choice.value for choice in choices} <= set(OPTIONS)


def test_free_text_is_repeated_by_its_seed(decider: Decider) -> None:
    first, again = (decider.generate(CHAT, seed=3) for _ in range(2))
    assert first == again
    assert first.path is AnswerPath.FREE and first.value


def test_a_chat_that_fills_the_context_is_left_to_the_rule(decider: Decider) -> None:
    long = (Message(role="user", content="class " * 2500),)
    assert decider.json(long, SCHEMA, seed=1).path is AnswerPath.RULE
    assert decider.choose(CHAT, OPTIONS, seed=1).path is AnswerPath.GUIDED
    assert decider.choose(long, OPTIONS, seed=1).path is AnswerPath.CHANCE


def group_of(server: Any) -> list[int]:
    """Return the ids of all processes of the server."""
    status = Path(f"/proc/{server._process.pid}/task/{server._process.pid}/children").read_text().split()
    (leader,) = map(int, status)
    found = subprocess.run(["ps", "-o", "pid=", "-s", str(leader)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, f"one of {pids} is still there"
        time.sleep(0.1)


@pytest.mark.slow
def test_a_server_killed_in_the_middle_of_a_call_answers_every_prompt_in_its_next_life(
    server: Any, adapters: tuple[Path, Path]
) -> None:
    expected = answers(in_process(), 12, adapters[0])
    source, asked = over_http(server), prompts(12)
    stream = source.sample(asked, adapters[0])
    first = next(stream)
    processes = group_of(server)
    assert len(processes) >= 2, "the server and its engine"
    engine = max(processes)
    os.kill(engine, signal.SIGKILL)
    rest = list(stream)
    wait_until_gone(processes)
    assert list(in_order(asked, [first, *rest])) == expected


@pytest.mark.slow
def test_merged_weights_answer_as_the_adapter_does(adapters: tuple[Path, Path], tmp_path: Path) -> None:
    """Where adapters cannot be loaded into a server, it is started again on the merged model."""
    from generator.serving.vllm.server import VllmServer

    model, log = embedded_model_path(), tmp_path / "vllm.log"
    config = ServerConfig(lora="merge")
    with VllmServer(model, EngineConfig(), config, device="cpu", threads=1, log_file=log) as merging:
        merged = answers(over_http(merging, lora="merge"), 10, adapters[0])
    assert [row.text for row in merged] == [row.text for row in answers(in_process(), 10, adapters[0])]


@pytest.mark.slow
def test_a_run_whose_server_is_killed_in_every_cycle_completes_and_leaves_no_process(tmp_path: Path) -> None:
    run, log = tmp_path / "run", tmp_path / "log"
    settings = ["cycles=3", "candidates=8", "generator.sampler=server", "generator.batch_size=4"]
    command = [*ENTRY, "run", "--preset", "smoke", "--out", str(run)]
    for setting in settings:
        command += ["--set", setting]
    killed: list[int] = []
    with log.open("wb") as output:
        driver = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            for cycle in range(2):
                wait_for(driver, log, lambda text, cycle=cycle: f"cycle {cycle} generate: 8/8" in text)
                server_log = (run / "logs" / "vllm.log").read_text()
                leader = int(re.findall(r"\(APIServer pid=(\d+)\)", server_log)[-1])
                killed.append(leader)
                os.kill(leader, signal.SIGKILL)
            assert driver.wait(timeout=280) == 0, log.read_text()
        finally:
            driver.kill()
    text, server_log = log.read_text(), (run / "logs" / "vllm.log").read_text()
    names = re.findall(r"adapter ([0-9a-f]{16}) is live as (policy-v\d+-[0-9a-f]{16})", text)
    assert len(names) == 2 and len({name for _, name in names}) == 2, text
    with sqlite3.connect(run / "corpus.db") as database:
        judged = database.execute("SELECT count(*) FROM admissions WHERE candidate_id LIKE 'c%'").fetchone()[
            0
        ]
        complete = database.execute("SELECT count(*) FROM cycles WHERE completed_at IS NOT NULL").fetchone()[
            0
        ]
        trained = database.execute("SELECT adapter_hash FROM trainings ORDER BY cycle").fetchall()
    assert (judged, complete) == (24, 3)
    assert [(digest,) for digest, _ in names] == trained, "a server's name leads to the ledger's row"
    assert len(set(re.findall(r"\(APIServer pid=(\d+)\)", server_log))) == 3
    wait_until_gone([int(pid) for pid in re.findall(r"pid=(\d+)\)", server_log)])


def wait_for(driver: subprocess.Popen[bytes], log: Path, seen: Any) -> None:
    deadline = time.monotonic() + 150
    while not seen(log.read_text()):
        assert driver.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
