"""A supernet over the space of cells: one training for all networks, which are judged by inherited weights.

Single-path training with uniform draws, as Guo et al. have it ("Single Path One-Shot Neural Architecture
Search with Uniform Sampling", ECCV 2020): cheap, and only as good as its ranking is.
`scripts/measure_supernet.py` says how good that is.

    config     what the supernet is made of, and how it is trained
    inherited  the evaluator: read this first
    process    its process, as the evaluator sees it
    server     that process
    network    the supernet as a module of torch
    training   its training, and the measurement of one path

The last three are torch, in a process of their own. They run no program: what a candidate is comes as the
operators of its cell. Read `evaluator.supervisor.sandbox` for what judges programs.
"""
