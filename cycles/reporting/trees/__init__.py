"""The pictures of a search over trees of modules.

    beliefs   what its planner believes of each arm
    changes   which nodes two trees do not have in common
    boxes     a tree as boxes in boxes, with a mark on what changed
    descent   the best network and the edits that led to it

Nothing here edits a tree or reads a ledger.
"""
