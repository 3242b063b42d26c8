"""What goes over a connection: frames and the handshake, bytes in and bytes out."""
