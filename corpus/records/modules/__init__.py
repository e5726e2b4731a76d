"""The records of modules that were found in source code, to build networks of.

mined     a class as its text shows it: arguments, arity, origin, licence
probed    what it does to shapes under one setting of its arguments, measured in the sandbox
"""
