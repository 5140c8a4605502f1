"""The verbs return and relend, and the scopes a spawn borrows."""
