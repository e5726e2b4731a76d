"""Tasks that are drawn and need no files, the same on every machine, by the public seed or a private one.

    catalogue   which there are, what they are, how each is drawn
    digits      `digits`, `digits-clean`: scikit-learn's digits
    adddigits   `adddigits`: three digits to be added
    texshapes   `texshapes`, `texshapes-5k`: one shape among clutter
    scenes      `shapes-labels`, `shapes-masks`: several shapes, which or where
    darcy       `darcy`: flow through a porous medium
    waves       `waves`: waveforms under noise
    motifs      `motifs`: which motifs a sequence holds

    shapes      the shapes, as distances
    painting    what pictures of shapes are painted with
    flow        the solver of `darcy`
    dice        the chance that all are drawn with

This package does *not* read files of the user, and keeps nothing: see `evaluator.tasks.cache`.
"""
