"""Slotted networks: a seed network with named places, each with alternatives, as a space to be searched.

    contract    slots, alternatives, and what a slotted network is
    assembling  one choice of alternatives as a program
    space       all choices as a space: drawn, edited, named, written
    cutting     a tree as a slotted network, by rules
    reading     a model's plan of scaffold and slots, bounded and checked
    checking    scripts that check a model's classes in the sandbox
    sharing     a script that trains all alternatives at once, by shared weights (GDAS), and what it learnt
    writing     rows of a tree as the classes and the scaffold of one

"Agentic Neural Architecture Search" (AgentNAS): a model finds a seed and cuts it into scaffold and slots, and
a plain search goes through the choices. Nothing here asks a model or runs a program.
"""
