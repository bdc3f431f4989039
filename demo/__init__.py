"""`make demo`: the stand-ins and the gateway on this machine, asked real questions."""
