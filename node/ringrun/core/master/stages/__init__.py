"""What a leader does, a file for each stage: prepare, install, steady, change, close."""
