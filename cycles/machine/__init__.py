"""What this machine has for a run.

    devices  which GPUs there are, and whether a run has what it asks for
    proofs   whether programs were seen to be contained on them

Nothing here starts anything on a GPU.
"""
