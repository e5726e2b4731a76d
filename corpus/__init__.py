"""The corpus: the admitted programs, the ledger that they stand in, and what is to be known of them.

    records     what flows between the rooms
    files       files written whole or not at all, and files of others read within bounds
    programs    what a program is, without running it
    mining      modules found in source code, without running it
    ledger      the append-only file of all records
    novelty     whether a program is new, and whether it may enter
    exchange    data sets for others, programs of others
    config      what counts as new, and what may enter
    pareto      who dominates whom: ranks, crowding distances, hypervolume
    objectives  what a search may aim at, caps, and the order of fitness

Each folder imports only those above it in this list, and the files below them; nothing here imports another
room.
"""
