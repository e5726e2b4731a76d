"""What to try next: search strategies, one file or folder each.

contract       what every strategy does, and all that it may touch
catalogue      the strategies by name
choices        who may choose what is added to proposals, by name
wrapping       a strategy around another one
retrieving     mined modules in the prompts of any strategy
tuning         who chooses hyperparameters: a wrapper around any strategy
ranked         the settings of strategies that rank what was tried
starting       where a search over trees starts
wording        how a network is shown to a model
closed_loop    one request, asked again and again of a model that learns
edits          edits of programs that are there, and repairs of what failed
random_search  points of a space, drawn at random: the control
evolution      points of a space, mutated: the other control
portfolio      several of these in one run, in turns
collm          points of a space, written by one model after the strategies of another
llmastool      trees of modules: a planner says which kind of edit comes next, a model what exactly
agentnas       trees, or networks of a model: a seed is cut into slots, whose choices are evolved
feedback       whole programs: each prompt tells of the last attempts and what to change
fairnad        trees of modules: design ideas drawn fairly, small networks scaled up, others tuned
"""
