"""The configuration of a run: `run` reads and checks it, with `agreement` for what its tables ask of one
another, `document` writes it with every setting's meaning, `study` puts several together, `trust` asks before
it hands over the machine."""
