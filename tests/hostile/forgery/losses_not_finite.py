# Reports losses that are no numbers.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at learn
# with: channel
class Net(Honest):
    def learn(self, train_data):
        send(b"J", b'{"event": "trained", "losses": [NaN, 1e999], "passes": 1.0, "kept_bytes": 0}')
        time.sleep(60)
