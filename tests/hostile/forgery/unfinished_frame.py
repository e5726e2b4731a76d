# Begins a frame and has the supervisor wait for the rest.
# with lint: FORBIDDEN at lint
# without lint: TIMEOUT at import
# error: wall time
# with: channel
os.write(3, b"J\x00\x00\x01\x00{")
time.sleep(3600)
