"""Files on disk, whatever is in them.

    whole       files and directories written whole or not at all
    json_lines  rows read from JSON lines

Nothing here knows what a row or a file means.
"""
