# Tries the marking for a hint: whatever it answers, all that comes back is the next question.
# task: signal-regression
# with lint: FORBIDDEN at lint
# without lint: RUNTIME_ERROR at predict
# error: nothing but a nonce and 32 signals
import sys

evaluating = sys.modules["evaluator.child.errands.evaluating"]
genuine, heard = evaluating.read_frame, []


def read_frame(channel):
    frame = genuine(channel)
    heard.append(frame)
    if len(heard) == 2:
        if len(frame.payload) != 8 + 32 * 2 * 32 * 4:
            raise Escaped(frame.payload[:100])
        raise ValueError("nothing but a nonce and 32 signals")
    return frame


evaluating.read_frame = read_frame
