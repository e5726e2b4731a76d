# Leaves in the middle of a frame.
# with lint: FORBIDDEN at lint
# without lint: CRASHED at import
# error: exit code 0
# with: channel
os.write(3, b"J\x00\x00\x01\x00{")
os._exit(0)
