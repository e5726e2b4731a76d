# Removes every module, the evaluator's own and torch included.
# with lint: FORBIDDEN at lint
# without lint: CRASHED|RUNTIME_ERROR|COMPLETE
class Net(Honest):
    def learn(self, train_data):
        import sys

        sys.modules.clear()
        nn.__dict__.clear()
