"""Models behind vLLM or an OpenAI-compatible endpoint. Start at `samplers`.

    samplers          the sampler that the settings ask for
    chat              what a chat completion is asked with, and what servers answer
    endpoint          HTTP requests, retries, typed failures
    transport         a body within a bound, the pause that a server asks for
    in_flight         many requests at a time
    credentials       keys: fit to be sent, never in a message
    endpoint_sampler  a sampler over an endpoint
    server_group      several endpoints as one sampler
    offline_sampler   a sampler over vLLM in this process
    served_adapter    an adapter on a server, under a name that never comes back
    adapter_probe     whether the adapter that is live is the one that was trained
    vllm              our own server, and the vLLM that it needs

Nothing here trains, or decides what to ask.
"""
