"""What a supervisor decides: who is to be, who is given up, the report without a master."""
