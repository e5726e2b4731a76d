# Calls itself without end.
# without lint: RUNTIME_ERROR at init
# error: RecursionError
class Net(Honest):
    def __init__(self, *arguments):
        self.__init__(*arguments)
