"""Whether a program is new. Start at `index`.

    similarity       the one definition: parsed, reduced, shingled, Jaccard
    scheme           the definition that a ledger was filled under, and the check against it
    search           what a search for similar programs answers; two keep this contract:
    shingle_index      exact: an inverted index whose bounds are proved
    minhash            MinHash-LSH by datasketch proposes, as in the published loop; makes every signature
    shingle_cache    shingle sets on disk, so that a resumed run need not read every program
    groups           near-duplicates within a collection
    curation         a collection without what is alike, step by step
    structure_index  which networks there are already
    index            the nearest programs of the corpus
    threshold        how strong is strong enough: a fixed score, or a place among those before
    gate             the decision on admission
    diversity        how diverse a set of programs is; decides nothing

Nothing here writes evaluations or trains.
"""
