"""What stands between the bytes of an answer and its mark; the metrics themselves are `evaluator.metrics`.

answers  the bytes of an answer, checked, as an array
units    targets of regression in the unit that programs learn in, and their answers back in the targets' own
"""
