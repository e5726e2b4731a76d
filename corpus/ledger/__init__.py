"""The ledger: one SQLite file of rows that are appended and never changed. Start at `reader`.

    errors      what can go wrong with the file, each with its remedy
    steps       the tables, and what was added to them, step by step
    schema      the version, and bringing an older file up to date
    connection  opening, checking and locking the file
    rows        a record as a row, and back
    modules     mined modules and their probes as rows
    ideas       design ideas and their template as rows
    outcomes    how far it is, and what came of its candidates, counted
    opened      an open file, and how rows are asked for
    reader      the ledger's questions
    writer      the appends, each one durable transaction
    catalogue   search over all programs
    lineage     one program with its ancestors and descendants

Nothing here decides what is novel or what is admitted.
"""
