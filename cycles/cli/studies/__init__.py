"""Commands over several runs.

compare   compare, retest
transfer  transfer
"""
