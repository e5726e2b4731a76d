"""Who teaches the generator.

rules      whom each rule of `[teaching]` chooses from a pool of judged programs
selection  from which cycles the pools are, and whom a control puts in the winners' place
contrasts  whose answers are made less likely beside them, and which answers make pairs
imported   which programs of others teach beside them
guard      whether a new adapter has collapsed
merging    a run's model with what it has learnt, as a model of its own
"""
