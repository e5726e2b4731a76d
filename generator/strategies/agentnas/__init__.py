"""AgentNAS: a seed is found, cut into slots, and the choices of the slots are evolved.

    settings  the table `[strategy.settings]`
    strategy  the phases, one after the other
    planning  phase 1 with a model: plans, experiments, summaries
    seeking   phase 1 by rules
    recipe    how a network is trained, within a whitelist
    programs  a class `Architecture` and a recipe as a program
    seeds     what phase 1 hands on
    slotting  phases 1.5 and 2: the seed with slots, each alternative probed, the whole space tried out
    evolving  phase 3: evolution in the slots, or random search, or what shared weights put first
    agents    the model in its roles, and what each is told

"Agentic Neural Architecture Search". Where no model answers, or nothing of it can be used, rules do its part,
which every proposal says.
"""
