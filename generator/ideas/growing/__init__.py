"""A pool that grows out of papers: a model says which ideas of each kind a document states.

    documents   the documents of a folder: text, Markdown and PDF, with the licence that each states
    pdf         the text of a PDF's pages, read in a process of its own
    pdf_child   what that process does
    passages    the passages of a document that speak of a kind of idea
    questions   what a model is asked of them, one kind at a time
    answers     what it answered, kept in a file, so that a build goes on where it stopped
    usable      whether a statement can be used, by rule
    duplicates  statements that say the same
    harvest     asking, and the ideas that come of the answers

Nothing here carries an idea out, and none that is grown has a codemod: it is for a model to carry out.
"""
