"""What a configuration may not decide alone, as it may be a stranger's: what is started, and without a jail.

A file or a run's directory can come from anywhere, and archloop does as it says. Four settings hand over the
machine: an interpreter that is started, a module that is imported, programs without isolation, and a cluster
on another machine, as whoever runs one can run code in all who join it. They count only when the command says
so too, by naming the setting itself or by vouching for the file. This module does *not* judge any other
setting: the rest decides what is computed, not what is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cycles.config.run import RunConfig
from cycles.errors import ConfigError

_ISOLATION, _INTERPRETER = "evaluator.isolation", "generator.server.python"
_STRATEGY, _CLUSTER = "strategy.name", "scale.address"


def require_consent(
    config: RunConfig,
    source: str,
    overrides: Sequence[str] = (),
    *,
    unsafe: bool = False,
    trusted: bool = False,
) -> None:
    """Do nothing if everything that hands over the machine was asked for on the command line.

    Args:
        config: The resolved configuration.
        source: The file or the run's directory that it comes from, as the user named it.
        overrides: The assignments of `--set`.
        unsafe: Whether `--unsafe` was given.
        trusted: Whether `--trust-config` was given.

    Raises:
        ConfigError: It was not; the message says what the configuration asks for, and how to agree.
    """
    named = {override.partition("=")[0].strip() for override in overrides}
    for setting, asks, remedy in _handing_over(config):
        agreed = trusted or setting in named or (unsafe and setting == _ISOLATION)
        if not agreed:
            raise ConfigError(f"{source}: {setting} {asks}. If that is what you want: {remedy}.")


def consented(config: RunConfig, source: str, *, unsafe: bool, trusted: bool) -> RunConfig:
    """Return a run's own configuration once the user has agreed to what it hands over.

    Args:
        config: The configuration that the run was started with.
        source: The run's directory, as the user named it.
        unsafe: Run programs without isolation this time, whatever the configuration says.
        trusted: The user vouches for the configuration.

    Raises:
        ConfigError: As `require_consent`.
    """
    require_consent(config, source, unsafe=unsafe, trusted=trusted)
    if not unsafe:
        return config
    evaluator = config.evaluator.model_copy(update={"isolation": "unsafe"})
    return config.model_copy(update={"evaluator": evaluator})


def _handing_over(config: RunConfig) -> Iterator[tuple[str, str, str]]:
    """Yield each such setting, what it asks for, and how to agree."""
    if config.evaluator.isolation == "unsafe":
        asks = "is 'unsafe': programs could do whatever you can do"
        yield _ISOLATION, asks, "--unsafe, or --trust-config"
    if "." in config.strategy.name:
        asks = f"is '{config.strategy.name}', a module of its own that would be imported"
        yield _STRATEGY, asks, f"--strategy {config.strategy.name}, or --trust-config"
    server = config.generator.server
    if config.generator.own_server and server.python is not None:
        yield _INTERPRETER, f"is '{server.python}', which would be started", "--trust-config"
    if config.scale.engine == "ray" and ":" in config.scale.address:
        asks = f"is '{config.scale.address}', a cluster that could run code here"
        yield _CLUSTER, asks, f"--set {_CLUSTER}={config.scale.address}, or --trust-config"
