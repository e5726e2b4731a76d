# Answers while it still learns, before anything was asked.
# task: multi-label
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at learn
# error: numbers that answer no question
# with: channel
class Net(Honest):
    def learn(self, train_data):
        send(b"A", bytes(8 + 16 * 3 * 4))
        time.sleep(60)
