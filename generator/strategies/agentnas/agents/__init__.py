"""The agents of AgentNAS: one model in several roles, each in a chat of its own.

    asking        whether anybody answers, and chats that grow
    tags          what stands in an answer: actions between tags, code between fences
    wording       what the agents of phase 1 are told
    planner       decides what is done next in phase 1
    explorer      looks at the data by scripts
    executor      implements architectures and repairs them
    slot_wording  what the agents of phases 1.5 and 2 are told
    modularizer   groups a seed's operations into modules
    slot_planner  plans slots, and implements what may fill them

None of them judges; each that fails leaves its part to a rule.
"""
