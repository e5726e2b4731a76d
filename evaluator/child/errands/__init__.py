"""What a child is forked for: a module for each kind of job, named in `evaluator.channel.messages.Errand`.

    evaluating  lint, build, train, predict
    probing     lint, build, one forward pass
    scripting   a script over the training split
    exporting   lint, build, train, send the weights
    restoring   lint, build, load weights; predict, or send the network as ONNX
    building    from a program's text to a checked network, for all that need one
    claims      what is said on the channel
    files       files on the channel
    state       a network's state as a file of weights
    onnx_export  a network as ONNX

All of it runs beside a stranger's program.
"""
