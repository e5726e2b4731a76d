# Supports hyperparameters without end.
# without lint: CONTRACT_ERROR at init
def supported_hyperparameters():
    number = 0
    while True:
        yield f"name{number}"
        number += 1
