"""What there is to give away: budgets and stocks, what is kept of them for a holder, and what was paid."""
