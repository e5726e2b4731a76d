"""Who answers prompts. Start at `contract`.

    contract      what every sampler does, and what it may raise
    transformers  a model in this process, by transformers
    decoding      its decoding loop
    scoring       how likely it finds given answers
    outline       the frame of a program, for guided decoding

The samplers that need vLLM or a server are in `generator.serving`.
"""
