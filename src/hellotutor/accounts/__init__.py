"""Who a learner is, and what each may read."""
