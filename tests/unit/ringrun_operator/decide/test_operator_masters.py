"""Which master pods there are to be, and when none is made any more."""

from api_server import ApiServer


def test_masters_that_end_at_once_are_not_made_for_ever() -> None:
    """Five in a row; then the run fails, and says with what words they ended."""
    api = ApiServer(masters=1)
    api.settle()
    for incarnation in range(1, 6):
        api.ends(f"demo-m0-{incarnation}", code=1, message="no such thing", life=0.5)
        api.now += 40.0
        api.settle()
    assert api.pod_names().count("demo-m0-6") == 0
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"]) == ("Failed", "NoMasterLeft")
    message = next(c["message"] for c in found["conditions"] if c["type"] == "Succeeded")
    assert "no such thing" in message
