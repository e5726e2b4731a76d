"""The page of a study: the best network so far of every arm, verdicts, tables.

    curves  best-so-far curves with their bands
    page    all of it -> one file

What it shows is computed by `cycles.figures.studies`.
"""
