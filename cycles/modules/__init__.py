"""Libraries of modules: mined from source code, probed in the sandbox, kept in a ledger.

filling    from source code and ledgers into a library, and from there through the sandbox
probing    many modules side by side, each asked until its settings are known
stock      the modules of a run, in its own ledger
figures    what a library came to, by origin and licence, and why modules cannot be used
"""
