"""FairNAD: design ideas drawn fairly from a template, and networks moved towards the Pareto front.

strategy     the search: rounds of fair, Pareto-aware and iterative children, and what became of them
population   who is changed: networks by rank and crowding; which of them are small
refining     what ideas were worth, and what is similar or opposite to the best of them
making       from an idea or an edit to a child: carried out, made small enough, checked
attempts     what came on the way to a child, and the child as it is handed in
carrying     where an idea's codemod may be carried out, and what comes of it
reading      a model's answer as a tree, or the kind of mistake that it is
budget       what a network needs of the run's budget, and how it is made smaller
structure    whether a network is another one, shows what was meant, and has layers enough
asking       the model, where there is one
prompts      what the model is shown
settings     the table [strategy.settings]
"""
