"""From a task to a prompt, and from an answer to a program.

    templates   a request for a program as chat messages
    exemplars   which programs stand together in a prompt
    kinds       the contract of a program for a task that is no classification of images
    extraction  the program that an answer means
    blocks      an answer cut into the pieces that could be code
    code_lines  lines of code told from lines of prose
    stretches   code that stands bare between prose
    parts       what a piece binds and lacks, and which pieces make one program
    asides      what an answer says beside its program
    repairs     odd blanks, quote marks and diffs

Nothing here samples, and every part works in time that grows with the length of the answer.
"""
