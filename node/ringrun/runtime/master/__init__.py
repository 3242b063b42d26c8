"""A master's process: asyncio, links to all slaves, the stores of the record and the report."""
