"""The records of a search.

calls            a question of a search, and its answer
proposals        what a search hands in
trials           what comes back
hyperparameters  what a candidate is trained with in place of what the protocol hands to all
probes           what a program builds, found without training it
transcripts      what a script printed, and how it ended
ideas            what may be said of how a network is built, sorted by a template
"""
