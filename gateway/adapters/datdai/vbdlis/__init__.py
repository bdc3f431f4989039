"""
Reports of VBDLIS, where the one-stop side keeps them: the key in the path, `{Result, Message}` around them.

Source: others.md, 3.2. ASSUMED: that they can be asked for; only that VBDLIS sends them was seen.
"""
