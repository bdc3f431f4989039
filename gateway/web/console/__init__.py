"""
What operators should see, reckoned from the metrics of all workers. Nothing serves it yet: there is no page, and no way
in for operators.
"""
