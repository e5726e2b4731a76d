# Has the regular expressions backtrack for ever.
# without lint: TIMEOUT at import
import re

re.match("(a+)+$", "a" * 64 + "b")
