"""What a slave holds: entries, the fold over them, blocks in memory, the log."""
