"""What a program is, told from its text or its recorded graph, without running it.

    contract   which parts of the LEMUR contract a text shows
    tokens     the canonical tokens that two spellings of one program share
    apis       which calls are layers, activations, containers
    dataflow   which modules a forward pass leads through
    families   the block families that a program uses
    structure  when two recorded networks are the same

Nothing here runs a program, opens a file or imports torch.
"""
