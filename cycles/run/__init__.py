"""What a run has: its directory, its starting corpus, its ways to stop.

    run_directory    the files of a run
    making           directories that go again where a command cannot start
    starting_corpus  the programs that it starts from
    bringing_in      the programs of others that it is made with
    ideas            the design ideas that it goes by
    asking           what a run would ask at its start, apart from a ledger
    sharing          how sampler and trainer share a device
    models           whether the model can do what a run asks of it
    interruption     Ctrl-C, obeyed where nothing is lost
    restarting       a process of its own that is begun again where the machine ended it
    background       work in a thread beside the loop
    answers          the best of several samples, and what is drawn again

Nothing here drives the loop.
"""
