"""Fine-tuning: training examples become a LoRA adapter. Start at `job`.

    job              what a trainer is asked to do, and the contract of trainers
    examples         which rows a fine-tuning sees
    trainer          the trainer in this process
    process_trainer  the same in a process of its own, whose end gives all memory back
    fitting          the training itself, by TRL and PEFT
    losses           what it makes likelier: supervised, or by preferences
    suitability      whether a model can learn as configured, asked before and after it is loaded
    rows             examples as tokens, and the check that completions alone are learnt
    base_model       the model under the adapter
    adapter          a finished adapter on disk
    global_state     what a training leaves as it was in its process
    config           the settings

Nothing here decides who is a winner, or when to train.
"""
