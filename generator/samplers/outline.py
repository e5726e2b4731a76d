"""The outline of a bare program as a grammar, for guided decoding: the contract's frame around free lines.

The frame is what the contract (`corpus.programs.contract`) asks of every program: the imports, the function
`supported_hyperparameters`, helper modules, and the class `Net` with its four methods in the usual order.
Inside the methods any line goes whose brackets and quotes are closed.

It does *not* promise a valid program: names, shapes and values are the model's own affair. And it narrows
what can be said: a program of another layout, though valid, cannot be written under it.
"""

from __future__ import annotations

from generator.samplers.contract import Grammar

_EBNF = r"""
root ::= imports hyperparameters helper* net
imports ::= "import torch\nimport torch.nn as nn\n" ("import torch.nn.functional as F\n")? ("import math\n")?
hyperparameters ::= "\n\ndef supported_hyperparameters():\n    return {" key (", " key)* "}\n"
key ::= "'" name "'"

helper ::= "\n\n" (class | function)
class ::= "class " name "(nn." name "):\n" method ("\n" method)*
function ::= "def " name "(" text? "):\n" ("    " line)+
method ::= "    def " name "(self" ("," text)? "):\n" body

net ::= "\n\nclass Net(nn.Module):\n" init "\n" forward "\n" setup "\n" learn ("\n" method)*
init ::= "    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):\n"
         "        super().__init__()\n" body
forward ::= "    def forward(self, x):\n" body
setup ::= "    def train_setup(self, prm):\n" body
learn ::= "    def learn(self, train_data):\n" body

body ::= ("        " line)+
line ::= "    "* [A-Za-z_] text? "\n"
text ::= (plain | bracket | quoted)+
inside ::= (plain | bracket | quoted | "\n")*
plain ::= [^()\[\]{}'"\n\\]
bracket ::= "(" inside ")" | "[" inside "]" | "{" inside "}"
quoted ::= "'" [^'\n\\]* "'" | "\"" [^"\n\\]* "\""
name ::= [A-Za-z_] [A-Za-z_0-9]*
"""


def program_outline() -> Grammar:
    """Return the outline of a bare program."""
    return Grammar(ebnf=_EBNF)
