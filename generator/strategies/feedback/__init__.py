"""Feedback memory: a frozen model improves the best program so far, told of its last attempts.

strategy  the search, and its settings
memory    the last attempts, and what to change next, by rule
wording   what the two roles are told
"""
