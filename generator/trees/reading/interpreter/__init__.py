"""An interpreter of a small part of Python, which builds and calls a network that nobody runs.

values       what a program's names stand for, and the bounds
python       operators
functions    functions of Python and its library
expressions  expressions: the lowest floor of the interpreter
statements   statements and calls of functions
objects      classes, objects, attributes, calls: the interpreter
containers   methods of lists and of modules that hold modules
outside      calls of what comes from other files
"""
