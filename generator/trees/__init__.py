"""Networks as trees of modules: what they are, how they are written as programs and read from them.

nodes       the tree: stem, stages, head; modules, composites, repeats
specs       what a module is, to a tree: its arguments, how channels and sides follow
"""
