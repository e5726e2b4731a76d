"""Where a language model's files are, and what they are.

    places         the folder behind a name: embedded, a folder, a hub id in the local cache
    weights        the content hash of a model's weights
    size           how large a model is, from its configuration alone

Nothing here downloads, or loads a model's weights into memory.
"""
