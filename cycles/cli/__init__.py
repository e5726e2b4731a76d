"""The command line; `app` is its entry.

    app            run, resume, status
    endings        what every command's end means: a line and an exit code
    steps          generate, evaluate, finetune
    corpus         corpus stats, show, search, ...
    exchange       export, import
    import_report  what an import did, in words
    config         config show, diff, schema, ...
    setup          init, doctor
    report         report, watch, serve
    final          final
    options        the options that several commands share
    corpus_access  what a command's path stands for: a run, a ledger, a folder
    corpus_views   programs and figures as tables in the terminal

Every command is a few lines over the rooms; what they show is decided elsewhere.
"""
