"""Judging on several machines: a Ray cluster's processors run our sandbox, the run itself stays in one place.

    cluster  joins a cluster, or starts one on this machine
    worker   one sandbox in a process of its own on some node
    crew     the workers: started, given work one piece at a time, replaced when they are lost
    judging  the evaluator over the crew: results in order, each counted once

Only judging is spread. The ledger, the search, the model and its training stay with the run, which alone
writes rows.
"""
