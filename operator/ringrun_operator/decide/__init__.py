"""What is to be done about a run, from everything that is there: pure, and without memory."""
