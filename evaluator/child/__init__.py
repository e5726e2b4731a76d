"""Everything that runs beside a stranger's program, and so must be taken for the stranger's. Start at
`zygote`.

    zygote           loads torch, gets warm, forks a child for every program
    confinement      limits of a child, and its view of other processes
    child            one child: put the jail on, receive a program, do an errand with it
    errands          a module for each kind of job
    lint             what no network needs, found in the text
    proxy            the one-epoch training and the predictions
    losses           the loss curve, and the early end of a training
    train_data       the training split as a program iterates over it
    reuse            how often a program learns from the images, and what it keeps of them
    augmenting       what a candidate has done to its training images
    speed            what makes judging fast without changing ranks
    diagnosis        an exception as a status
    graph            the recorded graph of a network
    graph_operators  what the recorder calls an operator

No label of the validation split ever comes here. What this side says is a claim.
"""
