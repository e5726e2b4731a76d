"""The configuration of a run: `run` reads and checks it, `document` writes it with every setting's meaning,
`study` puts several together, `trust` asks before it hands over the machine."""
