"""The zygote: a process that has torch loaded and warm, and forks a child for every program.

It is started afresh (`python -s -P -m evaluator.child.zygote`), so it inherits nothing from the supervisor's
memory: neither labels of the validation split nor the ledger. It never runs a program itself.

With namespaces there are two processes: the one that was started waits for the one that is the first in the
new namespaces, and that one is the zygote.

This module does *not* judge: it starts, watches and buries children, and reports the kernel's word on them.
"""

from __future__ import annotations

import gc
import math
import mmap
import os
import select
import socket
import sys
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.channel.layout import target_type
from evaluator.channel.limits import Limits
from evaluator.channel.messages import (
    MESSAGE_BYTES,
    Exited,
    Fork,
    Kill,
    Order,
    Ready,
    Report,
    Start,
    Started,
    order_adapter,
)
from evaluator.channel.plan import Plan
from evaluator.child.confinement import (
    adopt_orphans,
    be_killed_first,
    children,
    count_tasks,
    count_threads,
    descendants,
    die_with_parent,
    kill_group,
    resident_bytes,
)
from evaluator.isolation.gpu import device_nodes, load_driver
from evaluator.isolation.jail import Jail
from evaluator.isolation.namespaces import enter_namespaces
from evaluator.isolation.tiers import Barrier

if TYPE_CHECKING:
    from evaluator.child.train_data import TrainingSet

_TICK_MILLISECONDS = 50


class Excess(Enum):
    """What a child may have too much of, as the zygote sees it."""

    TASKS = auto()
    MEMORY = auto()


def main() -> None:
    """Serve the supervisor at the other end of the socket whose descriptor is the first argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    supervisor = int(sys.argv[2])
    die_with_parent(supervisor)
    order, descriptors = _receive(control)
    if not isinstance(order, Start):
        return
    be_killed_first()
    if order.cores:
        os.sched_setaffinity(0, order.cores)
    if Barrier.NAMESPACES in order.tier.barriers:
        _become_first_process(supervisor, [control.fileno(), *descriptors])
    adopt_orphans()
    data = _warm_training_set(order.plan, descriptors[0])
    tasks = count_tasks()
    devices = device_nodes() if order.plan.config.on_gpu else ()
    jail = Jail(order.tier, order.plan.config.scratch_bytes, devices)
    # Children leave the objects of today alone: the collector would write to, and so copy, every page of
    # theirs.
    gc.collect()
    gc.disable()
    gc.freeze()
    _report(control, Ready(home=str(Path(__file__).resolve().parents[1])))
    _serve(control, order.plan, data, jail, tasks)


def _become_first_process(supervisor: int, descriptors: list[int]) -> None:
    """Return in a child that is the first process of new namespaces; this process waits for its end.

    Args:
        supervisor: Process id of the supervisor.
        descriptors: What belongs to the child alone.
    """
    enter_namespaces()
    pid = os.fork()
    if pid == 0:
        die_with_parent(0)  # the parent is outside, and so has no number here
        return
    die_with_parent(supervisor)  # again: the kernel forgets it when a process gains rights, as it did here
    for descriptor in descriptors:
        os.close(descriptor)
    _, status = os.waitpid(pid, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _serve(control: socket.socket, plan: Plan, data: TrainingSet, jail: Jail, tasks: int) -> None:
    from evaluator.child.child import run_child

    zygote = os.getpid()
    while True:
        order, descriptors = _receive(control)
        if order is None:
            return
        if not isinstance(order, Fork):
            continue  # an order to kill what has ended meanwhile
        channel, output = descriptors
        pid = os.fork()
        if pid == 0:
            run_child(order, plan, data, jail, channel=channel, output=output, zygote=zygote, tasks=tasks)
        os.close(channel)
        os.close(output)
        _report(control, Started(job=order.job, pid=None if jail.namespaced else pid))
        excess = _watch(control, order.job, pid, order.limits, resident=plan.config.resident_limit)
        _report(control, _bury(order.job, pid, excess))
        jail.clean()  # after the report: what goes wrong here is not the program's fault


def _watch(control: socket.socket, job: int, pid: int, limits: Limits, *, resident: bool) -> Excess | None:
    """Wait for the end of child `pid`; bring it about when told to, or when it has become too many.

    Args:
        control: The supervisor's orders.
        job: The child's job.
        pid: The child.
        limits: What it may use.
        resident: Whether its memory is to be looked at, too.

    Returns:
        What the child was killed for, None if for nothing that is looked at here.
    """
    excess: Excess | None = None
    most = resident_bytes([os.getpid()]) + limits.memory_bytes
    pidfd = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    poller.register(control, select.POLLIN)
    try:
        while True:
            ready = [descriptor for descriptor, _ in poller.poll(_TICK_MILLISECONDS)]
            if pidfd in ready:
                return excess
            if control.fileno() in ready:
                order, _ = _receive(control)
                if order is None:
                    _bury(job, pid, excess)
                    sys.exit()
                if isinstance(order, Kill) and order.job == job:
                    kill_group(pid)
            elif (
                len(descendants(os.getpid())) - 1 > limits.max_processes
                or count_threads(pid) > limits.max_threads
            ):
                excess = Excess.TASKS
                kill_group(pid)
            elif resident and resident_bytes([pid, *descendants(pid)]) > most:
                excess = Excess.MEMORY
                kill_group(pid)
    finally:
        os.close(pidfd)


def _bury(job: int, pid: int, excess: Excess | None) -> Exited:
    """Kill and reap the child's group and every orphan it left, and sum up what the kernel says of them."""
    kill_group(pid)
    _, status, usage = os.wait4(pid, 0)
    cpu_seconds = usage.ru_utime + usage.ru_stime
    while orphans := children(os.getpid()):
        for orphan in orphans:
            kill_group(orphan)
        _, _, more = os.wait4(-1, 0)
        cpu_seconds += more.ru_utime + more.ru_stime
    return Exited(
        job=job,
        exit_code=os.waitstatus_to_exitcode(status),
        cpu_seconds=cpu_seconds,
        peak_memory_bytes=usage.ru_maxrss * 1024,
        too_many_processes=excess is Excess.TASKS,
        too_much_memory=excess is Excess.MEMORY,
    )


def _warm_training_set(plan: Plan, descriptor: int) -> TrainingSet:
    """Map the training split into memory and take one whole training step on one thread.

    The step loads and sets up everything that a program's first step would otherwise pay for, once for all
    children. One thread, because threads do not survive a fork: children of a zygote warmed with two hang in
    the OpenMP runtime.
    """
    import torch

    import evaluator.child.child  # noqa: F401 - what children do, while it can still be found
    from evaluator.child.speed.warmup import warm_up
    from evaluator.child.train_data import TrainingSet

    torch.set_num_threads(1)
    memory = mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
    os.close(descriptor)
    count, shape = plan.train_images, plan.shape
    inputs = torch.frombuffer(
        memory, dtype=getattr(torch, plan.inputs), count=count * plan.input_numbers
    ).view(count, *shape.input_shape)  # (N, C, H, W) or (N, C, L)
    targets = torch.frombuffer(
        memory,
        dtype=getattr(torch, target_type(shape.kind)),
        offset=plan.targets_offset,
        count=count * math.prod(shape.target_shape),
    ).view(count, *shape.target_shape)  # (N, *target_shape)
    data = TrainingSet(inputs, targets)
    warm_up(plan.on_cpu(), data)
    if plan.config.on_gpu:
        load_driver()
    return data


def _receive(control: socket.socket) -> tuple[Order | None, list[int]]:
    data, descriptors, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 2)
    return (order_adapter.validate_json(data) if data else None), list(descriptors)


def _report(control: socket.socket, report: Report) -> None:
    try:
        control.send(report.model_dump_json().encode())
    except BrokenPipeError:
        sys.exit()  # the supervisor is gone; whoever was the child is buried already


if __name__ == "__main__":
    main()
