"""Civil status (hộ tịch): contract, schema and recorded exchanges."""
