"""What the configuration needs beside the machine: a model, a server, vLLM, images, a tracker, a cluster.

This module does *not* download anything, and loads no weights: it opens the files and asks the server.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from corpus.records.mistakes import Mistake
from corpus.records.tasks.wording import described
from cycles.config.run import RunConfig
from cycles.preflight.doctor.finding import Finding, fault, ok
from cycles.run.models import check_model
from cycles.scale.cluster import check_ray, require_reachable
from cycles.showing.tracking import check_tracking
from evaluator.supervisor.demands import require_fit
from evaluator.tasks import find_data, task_spec
from generator.config.generator import GeneratorConfig
from generator.models.loading import load_config
from generator.models.places import resolve_model
from generator.models.weights import weights_hash
from generator.samplers.contract import RequestRefused, UpstreamError
from generator.serving.endpoint import Endpoint
from generator.serving.vllm.installation import installed_vllm

_SECONDS = 10.0


def model(config: RunConfig) -> Iterator[Finding]:
    """Open the model's files, unless neither the sampler nor a fine-tuning needs them here."""
    settings = config.generator
    if not config.strategy.asks_model:
        yield ok("Model", f"none needed: strategy '{config.strategy.name}' asks none")
    elif settings.served_elsewhere and not config.learns:
        yield ok("Model", "none needed here: the server has it")
    else:
        yield _local_model(config)


def _local_model(config: RunConfig) -> Finding:
    name = config.generator.model
    try:
        check_model(config)
        place = resolve_model(name)
        digest = weights_hash(place)
        kind = load_config(place).model_type
    except Mistake as error:
        anew = "git checkout -- generator/embedded/model, or " if name == "embedded" else ""
        choose = "set generator.model to 'embedded', to a model's folder, or to a hub id in the local cache"
        return fault("Model", str(error), anew + choose)
    return ok("Model", f"{name} ({kind}), weights {digest}")


def server(config: RunConfig) -> Iterator[Finding]:
    """Ask the configured server what it serves, or the interpreter of our own for its vLLM."""
    settings = config.generator
    if settings.served_elsewhere:
        yield _endpoint(settings)
    elif settings.uses_vllm:
        own = settings.server.python if settings.own_server else None
        try:
            version = installed_vllm(own or Path(sys.executable))
        except UpstreamError as error:
            yield fault("vLLM", str(error).partition(". ")[0], "bash scripts/install_vllm")
        else:
            yield ok("vLLM", f"{version} at {own or sys.executable}")


def _endpoint(settings: GeneratorConfig) -> Finding:
    url, variable = settings.server.url or "", settings.server.api_key_variable
    key = os.environ.get(variable) if variable else None
    if variable and not key:
        return fault("Server", f"{url}: the variable {variable} holds no key", f"export {variable}=...")

    async def served() -> str:
        async with Endpoint(url, api_key=key, timeout_seconds=_SECONDS, attempts=1) as endpoint:
            return (await endpoint.base_model(settings.server.model))[0]

    try:
        return ok("Server", f"{url} serves {asyncio.run(served())}")
    except RequestRefused as error:
        return fault("Server", str(error), "correct generator.server.url, model or api_key_variable")
    except UpstreamError as error:
        return fault("Server", str(error), "start it, or correct generator.server.url")


def task(config: RunConfig) -> Finding:
    """Find the task's images."""
    name = config.evaluator.task
    try:
        place = find_data(name, config.evaluator.data_path)
        spec = task_spec(name, config.evaluator.data_path)
        require_fit(spec, config.evaluator)
        shape = spec.resized(config.evaluator.resize).shape
    except Mistake as error:
        return fault("Task", str(error), "set evaluator.data_path, or choose evaluator.task = 'digits'")
    return ok("Task", f"{name}: {described(shape)}, {f'from {place}' if place else 'no files needed'}")


def tracking(config: RunConfig) -> Iterator[Finding]:
    """See that the tracker that the configuration asks for is installed."""
    if config.tracking == "none":
        return
    try:
        check_tracking(config.tracking)
    except Mistake as error:
        yield fault("Tracking", str(error), "install the extra, or leave tracking out")
    else:
        yield ok("Tracking", config.tracking)


def cluster(config: RunConfig) -> Iterator[Finding]:
    """See that Ray is installed where it is asked for, and that the cluster answers."""
    if config.scale.engine != "ray":
        return
    address = config.scale.address
    try:
        check_ray(config)
        require_reachable(address)
    except Mistake as error:
        yield fault("Cluster", str(error), "install the extra, or correct scale.address, or leave scale out")
    else:
        yield ok("Cluster", "Ray, to be started here" if address == "local" else f"Ray, at '{address}'")
