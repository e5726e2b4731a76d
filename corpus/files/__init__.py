"""Files on disk, whatever is in them.

    whole       files and directories written whole or not at all
    reading     files of anybody's making, read within a stated bound
    json_lines  rows read from JSON lines
    licences    the licence that a source file or a licence file states
    archives    arrays read from `.npz` archives within a stated bound

Nothing here knows what a row or a file means.
"""
