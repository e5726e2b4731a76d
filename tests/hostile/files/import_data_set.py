# Loads the data set, labels and all, with the library that it came from.
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR|MISSING_DEPENDENCY at import
# needs: landlock|namespaces
from sklearn.datasets import load_digits

raise Escaped(load_digits().target[:10])
