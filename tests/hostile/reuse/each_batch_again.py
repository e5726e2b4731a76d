# Takes five steps on each batch before it asks for the next.
# without lint: REUSED_DATA at done
# error: learnt from the training images 5.0 times
class Net(Honest):
    def learn(self, train_data):
        for batch in train_data:
            super().learn([batch] * 5)
