"""Tax authority (cơ quan thuế): contract, schemas and recorded exchanges."""
