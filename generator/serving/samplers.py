"""Samplers on vLLM, put together from the generator's configuration.

This module does *not* start anything: servers and engines start with the first call.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from corpus.records.chats import takes_system
from generator.config.generator import GeneratorConfig
from generator.config.serving import EngineConfig
from generator.models.loading import load_tokenizer
from generator.models.places import resolve_model
from generator.serving.endpoint_sampler import EndpointSampler
from generator.serving.offline_sampler import OfflineSampler
from generator.serving.server_group import ServerGroup
from generator.serving.vllm.server import VllmServer


def server_sampler(
    config: GeneratorConfig, *, lora_rank: int, log_file: Path, notify: Callable[[str], None]
) -> EndpointSampler | ServerGroup:
    """Return the sampler over our own server, or over the endpoints that `config.server` names."""
    server = system_turn = None
    if config.own_server:
        model = resolve_model(config.model)
        # The server renders the same template, and would refuse every prompt of ours.
        system_turn = config.template == "compact" or takes_system(load_tokenizer(model))
        server = VllmServer(
            model,
            _engine(config, lora_rank),
            config.server,
            device=config.device,
            threads=config.threads,
            log_file=log_file.absolute(),
            notify=notify,
        )
    urls = (config.server.url, *config.server.more_urls)
    members = [
        EndpointSampler(
            config.server.model_copy(update={"url": url}),
            config.sampling,
            server=server,
            defaults=config.options,
            system_turn=system_turn,
            notify=notify,
        )
        for url in urls
    ]
    return ServerGroup(members) if len(members) > 1 else members[0]


def offline_sampler(config: GeneratorConfig, *, lora_rank: int) -> OfflineSampler:
    """Return the sampler with vLLM in this process."""
    return OfflineSampler(
        resolve_model(config.model),
        config.sampling,
        _engine(config, lora_rank),
        device=config.device,
        threads=config.threads,
        defaults=config.options,
    )


def _engine(config: GeneratorConfig, lora_rank: int) -> EngineConfig:
    rank = max(config.engine.max_lora_rank, lora_rank)
    return config.engine.model_copy(update={"max_lora_rank": rank})
