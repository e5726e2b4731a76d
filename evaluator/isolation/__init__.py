"""What keeps a program away from everything that is not its business. Start at `tiers`.

    tiers       the barriers, the tiers made of them, and which one this machine gets
    probe       tries each barrier, in a process of its own
    namespaces  a view of the system with nothing in it: files, processes, network
    landlock    rights on files, signals and sockets, enforced by the kernel
    syscalls    which system calls exist for a program (seccomp)
    privileges  no capability, and none to be regained
    readable    the files that a program may read
    gpu         what CUDA needs of a jail
    jail        one tier put to work, in the zygote and in each child
    bubblewrap  namespaces by the program `bwrap`
    kernel      calls to the C library and the kernel

What all of it together does *not* stop: a fault in the kernel below it, and what can be learnt from timing,
from the processor's caches or from the size and dates of files whose names are known (the last only where
namespaces are missing). A program can waste the processor time and memory that it is allowed to use.
"""
