# Claims a status that only the supervisor can find.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at import
# with: channel
say(event="failed", status="COMPLETE", error_type=None, error="")
time.sleep(60)
