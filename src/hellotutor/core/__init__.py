"""What every room stands on: errors, clock and text spans."""
