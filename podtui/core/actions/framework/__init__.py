"""What every action is built from: the transaction, locks, preconditions, batches, starts."""
