"""Libraries of modules: mined from source code, probed in the sandbox, kept in a ledger.

probing    many modules side by side, each asked until its settings are known
"""
