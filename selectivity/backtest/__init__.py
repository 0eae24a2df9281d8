"""What rules would have done: back-test, shadow, champion and challenger."""
