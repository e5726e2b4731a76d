# Takes the ground from under the evaluator's own code in its process.
# with lint: FORBIDDEN at lint
# without lint: CRASHED|RUNTIME_ERROR
import builtins

builtins.isinstance = builtins.len = builtins.getattr = lambda *arguments: 0 / 0
