"""Writes a ledger as a data set for others: Parquet or JSON lines with a card, or a LEMUR tree.

    column_types    how a column is stated, and its type for others
    columns         the row models: names, types and meanings of all columns, stated once
    module_columns  the columns and rows of mined modules and their probes
    idea_columns    the columns and rows of design ideas
    tables          a ledger's rows, each with its split
    preferences     the rows of preference tuning
    writing         rows into Parquet and JSON-lines files
    card            the data set card (README.md), and its reading
    croissant       the Croissant metadata (croissant.json)
    lemur           the tree of LEMUR: nn/*.py and stat/train/*/*.json
    lemur_modules   what LEMUR looks for beside a trial
    destination     a directory that appears whole or not at all
    dataset         all of it together

Nothing here runs a program, uses the network or filters the ledger: failures are exported like successes.
"""
