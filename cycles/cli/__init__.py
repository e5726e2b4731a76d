"""The command line; `app` is its entry.

    app         run, resume, status
    extending   what `resume` may change: more cycles, another budget
    endings     what every command's end means: a line and an exit code
    steps       generate, evaluate, finetune
    ahead       probe, predict
    corpus      corpus stats, show, search, ..., export, import
    ideas       ideas build, list, show, stats, coverage
    config      config show, diff, schema, ...
    setup       init, doctor
    report      report, watch, serve
    strategies  strategies, and the options that choose one
    studies     compare, retest, transfer
    final       final
    merging     merge
    options     the options that several commands share

Every command is a few lines over the rooms; what they show is decided elsewhere.
"""
