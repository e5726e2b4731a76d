"""What ends a run, or a training, before its time.

    spending  what a run has spent
    budget    what it may spend, and its end where that is used up
    stopping  which trainings have no prospect

All of it follows from the ledger's rows, but for seconds. Nothing here judges.
"""
