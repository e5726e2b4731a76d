"""What makes judging fast, without changing ranks.

acceleration  what makes a training step fast
warmup        the training step that warms the zygote
"""
