"""Several strategies in one run: a bandit decides whose turn it is.

bandit     what each member's last turns are worth, and whose turn is next
strategy   the conversations of the members as one
"""
