"""All that both sides of the boundary may know: the supervisor, and the process that a program runs in.

    proxy_config     the settings that the child is told: how to train, and the limits
    hyperparameters  names of hyperparameters, and values by name
    limits           what one child may use
    plan             what the child is told of the protocol and the data
    stopping         when a training is ended early
    layout           inputs, targets and answers as bytes
    messages         the fixed vocabulary of what is said
    framing          messages as bytes, bounded
    weights_file     weights as bytes, bounded
    graph_parts      a network's graph, cut to fit into frames

Nothing here holds labels, starts processes or imports torch.
"""
