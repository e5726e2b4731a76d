# Has a last word after its last answer: the process ends without a word.
# with lint: FORBIDDEN at lint
# without lint: COMPLETE
# with: channel
import atexit


class Late:
    def __del__(self):
        say(event="complete", accuracy=1.0)


late = Late()
late.cycle = late
atexit.register(say, event="complete", accuracy=1.0)
