# Never ends while it is imported.
# without lint: TIMEOUT at import
while True:
    pass
