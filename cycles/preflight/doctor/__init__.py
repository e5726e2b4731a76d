"""Will archloop run here, and if not, what mends it? Start at `examination`.

    examination   all checks, in the order in which people read them
    finding       one line of the answer: ok, a warning or a fault, with the fix
    installation  Python, the packages against their pins, torch's build
    machine       processors, memory, GPUs, and how programs can be contained
    places        where runs and temporary files would lie: permission, file system, space
    gpu           what programs can do on a GPU of this machine, by running some
    gpu_programs  those programs
    inputs        what the configuration needs: a model, a server, vLLM, images, a tracker, a cluster

Each check does the real thing (writes a SQLite file, loads the model's configuration, asks the server) rather
than reading what ought to be. It does *not* change, install or download anything.
"""
