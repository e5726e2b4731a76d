"""What a program is, told from its text or its recorded graph, without running it.

    parsing      the syntax tree of a text from anywhere
    definitions  what stands behind a program's module-level names
    contract     the LEMUR contract, and where a text shows that it is broken
    tokens       the canonical tokens that two spellings of one program share
    apis         which calls are layers, activations, containers
    dataflow     which modules a forward pass leads through
    bottlenecks  which blocks are 1x1 - larger - 1x1
    families     the block families that a program uses
    structure    when two recorded networks are the same

Nothing here runs a program, opens a file or imports torch.
"""
