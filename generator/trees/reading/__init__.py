"""Programs read as trees: the inverse of `generator.trees.rendering`, for strangers' programs too.

reader       `read`: a program's text to a tree, or why it is none
errors       why a program is none
parts        stem, stages, head
interpreter  a small part of Python, over values of which not all is known
recording    what flows through a network, and how its paths are nested
"""
