"""Our own `vllm serve`. Start at `server`.

    command       its command line
    server        started, watched, stopped
    watchdog      ends it when we are gone
    failure       why it died, from its log
    installation  which interpreter has vLLM
    check         whether vLLM works there

Nothing here speaks with the model.
"""
