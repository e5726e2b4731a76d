"""Edits of trees: each leads from a legal tree to another one.

contract    an operation: its places, what it may be about there, and how
catalogue   the operations by their names
modules     change an argument, swap, insert, delete
wrapping    residual, branches, gate around nodes; repeats
widths      widen and narrow a part
blocks      well-known blocks, to be put in whole
settings    which settings of a module are worth a try
places      what stands at a path, and the tree with something else there
adaptors    1x1 convolutions that make shapes fit
ground      task, library and cap; what a tree amounts to there
gate        whether the recorded graph shows the change
"""
