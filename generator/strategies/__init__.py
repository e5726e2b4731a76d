"""What to ask next: search strategies, one file each."""
