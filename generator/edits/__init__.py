"""Answers that are edits: a program and a change of it, in place of a whole program.

failures    what may be wrong with an edit, by name
forms       the hunks that stand in an answer: search/replace blocks, unified diffs
applying    hunks carried out on a program, or the failure of it
writing     the shortest search/replace blocks that lead from one program to another
faults      how a program failed, in words for whoever is to mend it
continuing  where a program is cut, whose rest is to be written anew
asking      prompts that ask for an edit, a repair or a rest; from a prompt and its answer to a program

Nothing here asks a model or runs a program.
"""
