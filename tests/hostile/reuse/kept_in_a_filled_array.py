# Fills an array that was as large before training as after it.
# without lint: REUSED_DATA at done
# error: it kept [0-9,]+ bytes
import numpy as np

SEEN = np.zeros((1100, 64), dtype=np.float32)


class Net(Honest):
    def learn(self, train_data):
        place = 0
        for inputs, labels in train_data:
            SEEN[place : place + len(inputs)] = inputs.flatten(1).numpy()
            place += len(inputs)
            super().learn([(inputs, labels)])
