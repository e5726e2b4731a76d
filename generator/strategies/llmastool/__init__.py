"""LLMasTool: networks as trees of modules; a planner says which kind of edit, a model what exactly.

strategy   the search: parents, plans, children, and what became of them
planner    operation and prompt category: epsilon-greedy Thompson sampling
parents    who is changed: the best, those of crowded niches less often
filling    who decides where, with which module and with which arguments
gate       whether a child builds, and is another network than its parent
prompts    what the model is shown
idea       the edit in words, as it stands beside its candidate
evidence   the planner's beliefs, recomputed from the rows
editing    what a space must offer to be searched so
settings   the table [strategy.settings]
"""
