"""The evaluator: lint, sandboxed execution, the one-epoch proxy, tasks."""
