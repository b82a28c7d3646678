"""Who a visitor is, what is theirs, and what they may stop."""
