"""What a program will score, said before its training is over, and who uses that.

    rows        what a ledger knows of the programs that were judged
    features    a program in numbers: code, graph, first part of the loss curve, zero-cost scores
    zero_cost   SynFlow, NASWOT, GradNorm, parameters: a script in the sandbox
    model       the predictor: a forest over features
    table       the table of `archloop predict`
    validation  how well it predicts groups of near-duplicates that it has not seen
    ranking     which of several samples is judged

docs/prediction.md says how it is used and what it is worth.
"""
