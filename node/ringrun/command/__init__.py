"""What `ringrun` takes, said once: the parser, and the help, man page and completion made of it."""
