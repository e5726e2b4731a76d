"""The figures of a study: how well each run searched, and whether arms differ.

    retests   which networks are trained anew, on which seeds, and what came of it
    searches  a run as a search: best so far after every evaluation
    pairs     arms against each other, with intervals and verdicts
    tables    all of it as rows of words, for the terminal, Markdown and the page

Nothing here trains, prints or draws.
"""
