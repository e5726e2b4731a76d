"""The generator: prompts, program extraction, samplers, the program grammar, the embedded model."""
