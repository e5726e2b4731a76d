"""The figures of runs, each computed from the ledger.

    records       which figures there are
    measure       by which metric a run is judged, and that runs of several do not compare
    statistics    shares, means and quantiles with their intervals
    cycle_report  what a cycle came to
    metrics       the file with the figures of the finished cycles
    status        how far a run is
    snapshot      a run at one moment, for those who watch it
    runs          several runs, gathered for a report
    comparison    one arm against another
    adherence     whether a search followed its strategies
    planning      what a planner of edits believed, and its model's part
    coverage      how candidates cover the template of a run's ideas, and what went wrong on the way
    quantities    durations, sizes and shares in words
    studies       runs as searches, and arms against each other over seeds

Nothing here prints or draws.
"""
