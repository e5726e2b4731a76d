"""What to try next: search strategies, one file each.

contract       what every strategy does, and what it may know
closed_loop    one request, asked again and again of a model that learns
random_search  programs of the grammar, drawn at random: the control
"""
