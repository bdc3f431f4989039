"""Insurance database (CSDLQG về bảo hiểm): contract, schemas and recorded exchanges."""
