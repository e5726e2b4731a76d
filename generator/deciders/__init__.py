"""Deciders: who answers the questions of a search, whose answers are not whole programs of a batch.

contract  what every decider does
"""
