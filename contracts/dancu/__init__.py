"""Population database (CSDLQG về dân cư): contract, schemas and recorded exchanges."""
