# Reports more losses than there is room for.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at learn
# with: channel
class Net(Honest):
    def learn(self, train_data):
        say(event="trained", losses=[0.0] * 100, passes=1.0, kept_bytes=0)
        time.sleep(60)
