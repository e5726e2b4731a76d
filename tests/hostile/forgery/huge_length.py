# Announces a frame of four gigabytes.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at import
# error: the limit is
# with: channel
os.write(3, b"J\xff\xff\xff\xff" + bytes(1000))
time.sleep(60)
