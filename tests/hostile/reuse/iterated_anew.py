# Asks for fresh iterators, in several ways, when the pass is over.
# without lint: COMPLETE
import copy
import itertools


class Net(Honest):
    def learn(self, train_data):
        super().learn(train_data)
        again = [*iter(train_data), *itertools.chain(train_data), *zip(train_data, range(3)), *train_data]
        train_data.reset()
        again += list(train_data)
        for name in ("dataset", "iterable", "images"):
            if hasattr(train_data, name):
                raise Escaped(name)
        try:
            again += list(copy.deepcopy(train_data))
        except TypeError:
            pass
        if again:
            raise Escaped(len(again))
