"""What each registry promises: schemas and recorded exchanges, as data, and a small reader (`contracts.reader`)."""
