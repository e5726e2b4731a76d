"""Before a run: what it would do and take, and whether it would work here.

    dry_run      the whole answer: counts, memory, what speaks against it
    conditions   what must hold before a run is made
    memory_plan  bytes on each device, part by part
    calibration  some seconds of the real thing, timed
    estimate     time and disk of a run, from the calibration
    doctor       whether the machine, the installation and the settings will do

Nothing here makes a run.
"""
