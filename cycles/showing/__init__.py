"""A run as it goes: to a terminal, a browser, a tracker.

    cells           figures as people read them, and the table of a run
    terminal        how anything gets onto the terminal: nothing unseen, nothing taken for markup
    progress        bars, lines or JSON while a run works
    waves           the final waves, likewise
    steps           a bar for a command that does many small things
    watch           a run followed live in the terminal
    collector       the collector of reference cycles, still while a report is made
    serve           the report's page, renewing itself
    tracking        each cycle's figures to TensorBoard or trackio
    trackio_writer  the process that writes to trackio

Nothing here computes a figure (`cycles.figures`) or draws the page (`cycles.reporting`).
"""
