"""The checks: one module for each promise, or for those that are judged by the same thing.

Above `rebuilding`, called by `checking` alone. Each reads histories, recorded views or the report,
and adds to the findings.
"""
