"""Search spaces: points that can be drawn, edited, named and written as programs.

contract  what every space does
programs  the programs of the grammar, edited choice by choice
"""
