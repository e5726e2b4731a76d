"""Commands about what is known of programs ahead of their training.

probing     probe
predicting  predict
"""
