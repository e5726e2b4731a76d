# Has a thread send answers while the honest ones are on their way.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR
# with: channel
import threading


def talk():
    time.sleep(0.05)
    while True:
        send(b"C", bytes(8 + 16 * 2))


class Net(Honest):
    def learn(self, train_data):
        super().learn(train_data)
        threading.Thread(target=talk, daemon=True).start()
        time.sleep(0.1)
