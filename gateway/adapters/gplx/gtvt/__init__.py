"""`apiGTVT`: dossiers of the Ministry of Transport, with a key that is given three times. Source: others.md, 5.2."""
