# Says that it is trained, and answers every question, before one is asked.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR
# error: answer no question
# with: channel
class Net(Honest):
    def learn(self, train_data):
        say(event="trained", losses=[], passes=1.0, kept_bytes=0)
        say(event="stage", stage="predict")
        for _ in range(22):
            send(b"C", bytes(8 + 16 * 2))
        time.sleep(60)
