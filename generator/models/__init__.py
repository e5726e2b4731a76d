"""Where a language model's files are, and what they are.

    places         the folder behind a name: embedded, a folder, a hub id in the local cache
    weights        the content hash of a model's weights
    loading        the files as transformers opens them, each fault in one line
    adapter_fit    whether a LoRA adapter belongs on a model
    size           how large a model is, from its configuration alone

Nothing here downloads, and only `loading` reads weights into memory.
"""
