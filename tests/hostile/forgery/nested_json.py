# Sends a message as deep as a frame is long.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at import
# with: channel
send(b"J", b"[" * 4000)
time.sleep(60)
