"""The report of one or several runs as a single HTML file that opens from disk.

    arms      runs grouped by arm, and the colours that stand for arms, statuses and cycles
    text      words that are safe on a page
    svg       elements of a picture
    bars      bar charts
    curves    figures over the cycles
    charts    the charts of the page
    layers    a recorded network as the boxes of a drawing
    drawing   a recorded network as a picture
    gallery   the best networks with their code
    heat      a template of ideas, shaded by counts
    payload   the candidates as data for the page's own table, within a budget of bytes
    sections  the parts of the page that need words
    page      all of it -> one file
    studies   the page of a study
    trees     the pictures of a search over trees of modules

What the page shows is gathered by `cycles.figures.runs` and compared by `cycles.figures.comparison`.

Nothing here writes to a ledger, starts a browser or fetches anything.
"""
