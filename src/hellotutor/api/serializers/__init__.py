"""What is taken and given, a file a resource."""
