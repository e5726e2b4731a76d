"""Brings programs from elsewhere into a ledger: all that can be used, or none at all.

    source          what a source yields: programs, measurements, and rejections, each with a typed reason
    files           program texts from a folder, checked byte by byte
    parquet         the rows of a stranger's Parquet table
    foreign_sqlite  the rows of a stranger's SQLite file
    trials          what a trial says, and which trials repeat one measurement
    lemur           a LEMUR checkout (nn/ and stat/) or its SQLite file
    nngpt           the output folders of nn-gpt
    exported        an earlier export of ours
    importer        recognises a source, drops duplicates, and appends in one transaction

Nothing here runs a program, trusts a measurement or uses the network. A bad program is a rejection in the
report; a damaged source is an error.
"""
