"""The REST API: thin views over the services, and the one map from errors to JSON."""
