"""One process: what turns a core of `ringrun.core` into a slave or a master on real sockets.

`wire` is pure: frames and the handshake. `links` are a slave's connections; `slave` is one epoll
loop, `master` sits on asyncio; `start` begins either as a child of a supervisor or as a pod. Beside
them what both have: `journal`, `log`, `planning`, and the `channel` of a supervisor's child.
"""
