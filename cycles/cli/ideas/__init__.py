"""The commands `archloop ideas ...`.

commands  list, show, stats, coverage
building  build, and how it tells what came of it
access    which ideas a command is about
"""
