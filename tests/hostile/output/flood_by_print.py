# Prints without end.
# without lint: OUTPUT_LIMIT at learn
class Net(Honest):
    def learn(self, train_data):
        while True:
            print("x" * 1000)
