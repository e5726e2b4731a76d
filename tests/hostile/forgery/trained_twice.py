# Says twice that it is trained.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at learn
# with: channel
class Net(Honest):
    def learn(self, train_data):
        say(event="trained", losses=[], passes=1.0, kept_bytes=0)
