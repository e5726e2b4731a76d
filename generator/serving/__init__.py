"""Models behind vLLM or an OpenAI-compatible endpoint. Start at `samplers`.

    samplers          the sampler that the settings ask for
    command           the command line of `vllm serve`
    server            our own server: started, watched, stopped
    watchdog          ends the server when we are gone
    failure           why a server died, from its log
    installation      which interpreter has vLLM
    check             whether vLLM works there
    chat              what a chat completion is asked with, and what servers answer
    endpoint          HTTP requests, retries, typed failures
    endpoint_sampler  a sampler over an endpoint
    offline_sampler   a sampler over vLLM in this process
    served_adapter    an adapter on a server, under a name that never comes back
    adapter_probe     whether the adapter that is live is the one that was trained

Nothing here trains, or decides what to ask.
"""
