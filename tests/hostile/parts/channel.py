# Writes to the result channel as the evaluator's own code does.
import json
import os
import time


def send(kind, payload):
    os.write(3, kind + len(payload).to_bytes(4, "big") + payload)


def say(**message):
    send(b"J", json.dumps(message).encode())
