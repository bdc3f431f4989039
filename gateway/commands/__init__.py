"""What a person types, by subject: one module a group of commands, registered in `gateway.cli`."""
