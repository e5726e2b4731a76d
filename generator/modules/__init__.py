"""From a mined class to a module of a tree: what is tried with it, and what came of that.

settings   which arguments to try, by the names of the constructor's arguments
naming     a carried text whose names cannot meet those of another text
fitting    the class of ours around a module that takes images in another layout
harness    the program that carries a module, for the sandbox to probe
findings   what a probe of such a program says of the module
library    the modules that can be used, as the specs that trees are made of
"""
