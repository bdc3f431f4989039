"""The front door: routes, authentication, problem documents, documentation."""
