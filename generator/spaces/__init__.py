"""Search spaces: points that can be drawn, edited, named and written as programs.

contract    what every space does
operations  what a space may offer beyond that
catalogue   which spaces there are, and how each is built
proposing   a point as a proposal
programs    programs of the grammar
cells       small cells of four nodes, stacked into a network
wiring      what a cell computes, whichever of its spellings was written
macro       stages of blocks: how many, how wide, of which kind
trees       trees of modules: drawn as edited families, edited by transformations
blocks      the blocks of a macro network: their classes as text, and how many parameters they have
sources     what the programs of a space have in common
errors      the mistake of asking a space for what it does not hold
"""
