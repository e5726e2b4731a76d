"""AgentNAS: a seed is found, cut into slots, and the choices of the slots are evolved.

    settings   the table `[strategy.settings]`
    strategy   the phases, one after the other
    seeking    phase 1: the seed
    slotting   phases 1.5 and 2: the seed with slots, each alternative probed, the whole space tried out
    evolving   phase 3: evolution, or random search, in the slots

"Agentic Neural Architecture Search". What the language model does in the paper, rules do here: the space of
phase 2 is *built by rules*, which every proposal says.
"""
