"""What answers from a table in place of trainings, and what trains a table.

answering  the evaluator
training   how the rows come about: in the sandbox, validation and test split in one exam
"""
