# Sends what only the supervisor sends.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at import
# error: kind SOURCE
# with: channel
send(b"S", b"import os")
time.sleep(60)
