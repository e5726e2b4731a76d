"""Design knowledge as ideas, sorted by a template, so that they can be drawn fairly and carried out.

    pool      ideas with their template: the shipped ones, or those of a file
    sampling  drawing ideas fairly, or not; how evenly they cover the template
    codemods  ideas carried out on trees of modules
    rows      the two rows of a codemod, read and filled in
    sights    what a recorded graph must show behind a codemod
    told      an idea in the words that stand beside a candidate
    marks     where a program stands on the template, by the names in its text
    census    a pool counted
    words     words of a text as they are compared
    growing   ideas read out of papers, by a model

The ideas themselves, and the template, are files in `data/` that a person can read and edit.
"""
