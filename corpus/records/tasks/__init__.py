"""What a task asks of a network: its kind, its shape, and the metric that judges it.

    kinds    single-label, multi-label, segmentation, regression; their metrics
    shape    what goes into a network, and what comes out
    wording  a task in a few words

Nothing here holds data or computes a metric.
"""
