# Sends a frame of a kind that does not exist.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at import
# error: unknown kind
# with: channel
send(b"P", b"cos\nsystem\n(S'true'\ntR.")
time.sleep(60)
