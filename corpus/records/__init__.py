"""The records that flow between the rooms. Every figure that archloop prints comes from rows of them.

    base         what all records share: content addresses, derived seeds
    tasks        what a task asks of a network: kind, shape, metric
    prompts      a question to a model, and its answer
    chats        a question as a model's own chat template renders it
    candidates   a program, and where it comes from
    search       what a search asks, proposes and is told
    modules      modules that were found in source code, and what they do
    evaluations  how the judgement of a program ended
    graphs       the network that a program builds
    admissions   whether a candidate entered the corpus, and why
    adapters     which LoRA adapter it is
    trainings    what a fine-tuning learned from, and what came of it
    machines     where programs are written and judged
    mistakes     what the user can mend, as one type
    text         what others wrote, made fit to be shown
    exchange     splits of an export, provenance of an import

Nothing here decides, computes a figure or imports torch.
"""
