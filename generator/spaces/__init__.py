"""Search spaces: points that can be drawn, edited, named and written as programs.

contract  what every space does
"""
