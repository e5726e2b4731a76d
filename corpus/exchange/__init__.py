"""What goes out to others and comes in from them.

    splits          train, validation and test, which near-duplicates never cross
    pairs           which of two answers to one prompt is the better one
    front_matter    the front matter of an export's card, as an import reads it
    program_folder  programs from a folder of `.py` files
    exporting       a ledger as a data set: Parquet or JSON lines with a card, or a LEMUR tree
    importing       programs of others into a ledger

Nothing here runs a program or uses the network.
"""
