"""The supervisor's half of each kind of job: what a child may claim, and what is made of it.

    talk       what every talk has in common
    building   a talk up to the checked network
    probing    a probe: the talk, and its record
    scripting  a script: the talk, and its record

An evaluation's own half are `conversation`, `exam` and `verdict` in the folder above.
"""
