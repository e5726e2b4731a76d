"""The program grammar: a seeded sampler of LEMUR-contract PyTorch programs, weak and strong.

It gives the starting corpus, the embedded model's pre-training text and the random-search control.
It does *not* search: no choice depends on how earlier programs fared, and nothing is tuned to a task.
"""

from generator.grammar.program import GRAMMAR_VERSION, GrammarProgram, sample_program

__all__ = ["GRAMMAR_VERSION", "GrammarProgram", "sample_program"]
