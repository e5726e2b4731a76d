"""The evaluator: contract, lint, sandboxed execution, the one-epoch proxy, tasks."""
