"""The cycles: configuration, command line, the loop, run directories, reports."""
