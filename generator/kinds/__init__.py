"""Programs for every kind of task, built from image classifiers.

    carrying   a program for `TaskShape.picture` becomes one for the task
    rewriting  edits of its text: another name for its network, another loss
    wrapper    the class `Net` that is appended

The grammar, the spaces and the embedded model write image classifiers, whatever the task. For another kind of
task such a program is *carried*: it stays as it is but for the name of its network and its loss, and a short
class `Net`, which derives from that network, is appended.

A run's ledger holds programs as they were written: their novelty, design and block families are those of what
the generator wrote, and this is what a model is taught, since it can write it again. What is judged is the
carried text, made of the written one and the task's shape alone; so the ledger notes that its programs are
carried, to which shape and under which version (`cycles.carrying`), and whoever takes a program out of it, to
judge it, train it or export it, gets the text that was judged. A model that is told the kind (the template
`instruct`) writes for it, and nothing is carried.

Nothing here runs a program.
"""
