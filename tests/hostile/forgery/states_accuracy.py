# States its own accuracy.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at import
# with: channel
say(event="complete", accuracy=1.0)
time.sleep(60)
