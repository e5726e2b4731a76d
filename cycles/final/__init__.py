"""What a user takes home: the run's best networks trained in earnest, and one of them in a folder of its own.

    settings  how many, for how long, with how many seeds; the protocols that follow
    entrants  who takes part in the first wave, and who has won it
    waves     the two waves, on rows of the ledger: read this first
    weights   the winner's weights on the disk, from their training to the folder
    records   what `final.json` holds
    card      the model card
    loader    `load.py`, which comes with the weights
    folder    `RUN/final`, written whole
    opening   puts the two waves together for a run

The first wave decides, on the validation split alone. The second decides nothing: it trains the winner on
training and validation images together, and reads the test split once.
"""
