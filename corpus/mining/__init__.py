"""Modules found in source code: `torch.nn.Module` subclasses as records that stand on their own.

    origins    where source code lies: a file, a folder, an installed package
    files      one source file: its statements, what they bind, what it imports
    plain      a statement without what only describes it
    names      the names that a piece of code takes from around it
    resolving  what a name stands for, followed through imports
    permitted  what a carried module may import
    classes    which classes are modules, their arguments, the arity of their forward pass
    carrying   a class with all that it needs, as one text
    miner      all of it together

Source code is read and parsed, never imported or run.
"""
