"""The settings of the generator: `generator` for its table, `serving` for the tables of vLLM."""
