"""CoLLM-NAS: one model steers a search in words, another writes networks, a coordinator judges between them.

coordinator  the strategy: what is legal and new is proposed, results go back
roles        who answers: the navigator and the generator, or one model in both roles
prompts      what they are shown, and the form of their answers
direction    a strategy in words, and the text that it stands in beside a candidate
memory       what was tried, and how it went
rule         a strategy and its candidates where no model gives any
settings     the table [strategy.settings]
"""
