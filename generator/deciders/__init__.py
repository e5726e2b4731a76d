"""Deciders: who answers the questions of a search, whose answers are not whole programs of a batch.

    contract   what every decider does
    chance     rule and chance, without a model
    sampling   a model, behind any sampler
    forms      what an answer must look like, and how it is read
    documents  the JSON document inside an answer
    building   the decider that the settings ask for

Nothing here records an answer: the search does.
"""
