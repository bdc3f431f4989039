"""
Canaries: values that stand nowhere else in the world, one in each personal field, and a search for them afterwards.

    values     what the canaries are, the forms in which one could show, the search
    people     a province whose people and firm are made of them
    loud       registries that repeat them in every broken answer
    gateway    the gateway in a process of its own, which logs all it can
"""
