"""The corpus: records, store, similarity, admission, export. Imports nothing of ours."""
