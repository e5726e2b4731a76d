# Goes from its import straight to the predictions.
# with lint: FORBIDDEN at lint
# without lint: PROTOCOL_ERROR at import
# error: after stage import
# with: channel
say(event="stage", stage="predict")
time.sleep(60)
