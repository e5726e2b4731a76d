"""Tables of whole search spaces: every network in them, trained once for all.

    catalogue  which tables there are
    table      a table's file, read and written

The files lie beside the modules. What answers from a table, and what trains one, is `evaluator.tabular`.
"""
