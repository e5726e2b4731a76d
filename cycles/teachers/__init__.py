"""Who teaches the generator.

rules      whom each rule of `[teaching]` chooses from a pool of judged programs
selection  from which cycles the pools are, and whom a control puts in the winners' place
"""
