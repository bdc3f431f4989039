"""Land database (CSDLQG về đất đai) and land offices' systems: contract, schemas and recorded exchanges."""
