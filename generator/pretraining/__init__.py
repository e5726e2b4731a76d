"""Pre-training of the embedded model from scratch: its tokenizer, its text, its optimiser and its validity.

Needed to rebuild the shipped model (`scripts/pretrain`), never to run the loop: nothing outside imports it.
"""
