# Fails with text that is no text: half a character, nulls, noncharacters.
# without lint: RUNTIME_ERROR at import
# error: ValueError
raise ValueError("\ud800\x00\uffff" * 1000)
