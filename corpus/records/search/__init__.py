"""The records of a search.

calls      a question of a search, and its answer
proposals  what a search hands in
trials     what comes back
"""
