"""One process: what turns a core of `ringrun.core` into a slave or a master on real sockets.

`wire` and `handshake` are pure; `link` holds one connection's outgoing side; `slave_loop` is one
epoll loop, `master_process` sits on asyncio; `node` starts either as a child of a supervisor,
`byhand` as the seed's two programs.
"""
