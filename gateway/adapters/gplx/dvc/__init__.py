"""`apiDVC-GPLX`: one address, three operations chosen by `service`, a session in the body. Source: others.md, 5.1."""
