"""What a child is forked for: a module for each kind of job, named in `evaluator.channel.messages.Errand`.

    evaluating  lint, build, train, predict
    probing     lint, build, one forward pass
    scripting   a script over the training split
    building    from a program's text to a checked network, for all that need one
    claims      what is said on the channel

All of it runs beside a stranger's program.
"""
