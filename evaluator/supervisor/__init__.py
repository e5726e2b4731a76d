"""The trusted side: it holds the targets, the clocks and the decisions. Start at `sandbox`.

    sandbox         the evaluator: programs in, evaluations out
    worker_pool     several zygotes side by side
    zygote_process  one zygote, as seen from outside
    session         one child's stay from start to end
    errands         what a child may claim in each kind of job, and what is made of it
    final           the jobs of the final waves: weights come out, and are measured
    printed         what a child prints, cut
    conversation    the order in which an evaluated program's child may say what
    exam            the inputs to predict, and the score
    marking         the bytes of an answer as an array, checked; the unit of regression targets
    demands         what a task and the settings must have for each other
    timed_exam      the same, with the time of each answer
    verdict         all that was seen of a program, as one evaluation
    protocol        the protocol's id
    scratch         the folders that programs may write to
    cores           which processors a worker has to itself

Nothing here imports torch, unpickles, or believes a figure that a child states.
"""
