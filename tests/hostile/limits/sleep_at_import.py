# Sleeps, which takes no processor time.
# without lint: TIMEOUT at import
# error: wall time
import time

time.sleep(3600)
