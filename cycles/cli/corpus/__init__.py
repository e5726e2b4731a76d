"""The commands over what is stored.

commands       corpus stats, show, search, ...
exchange       export, import
curating       corpus curate
modules        modules mine, list, show, stats
import_report  what an import did, in words
finding        a front, or the likest, of what was found
access         what a command's path stands for: a run, a ledger, a folder
views          programs as tables in the terminal
collection     the figures of a collection
"""
