"""What flows through a network that is being read.

tensors     modules of torch and tensors, as far as they are known
graph       values, and how the paths between them are nested
lifting     features that become images of one pixel
layers      modules of torch as modules of a tree
mined       mined modules in a program
recorder    what modules and operations make of tensors
operations  functions of torch and methods of tensors
"""
