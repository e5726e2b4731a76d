"""Studies: arms times seeds, each cell an ordinary run.

    running       runs what is missing of a study, some at a time, each in a process of its own
    retesting     trains the best network of a run anew on fresh seeds of the protocol
    transferring  the studies of a taught model on other tasks
    gathering     the figures of a study, or of runs given one by one

What a study file says is read by `cycles.config.study`; figures are computed by `cycles.figures`.
"""
