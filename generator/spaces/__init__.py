"""Search spaces: points that can be drawn, edited, named and written as programs.

contract   what every space does
proposing  a point as a proposal
"""
