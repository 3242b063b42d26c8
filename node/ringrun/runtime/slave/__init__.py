"""A slave's process: one thread, one epoll, one core."""
