"""Networks as trees of modules: what they are, how they are written as programs and read from them.

nodes       the tree: stem, stages, head; modules, composites, repeats
specs       what a module is, to a tree: its arguments, how channels and sides follow
primitives  our own modules: which there are
sliding     of these, convolutions and poolings
pointwise   of these, what keeps the shape
shapes      what flows through a tree, its parameters, and what is wrong with it
canonical   the one form of trees that are one network
encoding    a tree as a line of text
starts      trees to start a search from
rendering   a tree as a program
layout      nested calls as lines of a program
texts       the texts of mined modules in one program
recipe      what all programs of searched networks have in common
reading     a program as a tree
edits       transformations of trees
"""
