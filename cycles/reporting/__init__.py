"""The report of one or several runs as a single HTML file that opens from disk.

    gathering   ledgers -> `RunData`: all that the page shows, read in one pass
    verdict     the closed loop against its controls, with intervals
    svg, charts the pictures
    drawing     a recorded network as a picture
    gallery     the best networks with their code
    payload     the candidates as data for the page's own table, within a budget of bytes
    sections    the parts of the page that need words
    page        all of it -> one file

Nothing here writes to a ledger, starts a browser or fetches anything.
"""
