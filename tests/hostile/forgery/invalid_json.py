# Sends text that is no message.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at import
# with: channel
send(b"J", b"\xff\xfe{]")
time.sleep(60)
