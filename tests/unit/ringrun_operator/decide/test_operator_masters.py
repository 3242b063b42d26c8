"""Which master pods there are to be, and when none is made any more."""

from api_server import ApiServer


def test_a_stillborn_master_is_made_again_after_a_second() -> None:
    """The look is due then, whatever else happens, and whatever the kubelet's clock says."""
    api = ApiServer(masters=1)
    api.settle()
    api.now -= 400.0
    api.ends("demo-m0-1", code=1, life=0.5)
    api.now += 400.0
    plan = api.settle()
    assert "demo-m0-2" not in api.pod_names()
    assert plan.again == api.now + 1.0
    api.now += 1.0
    api.settle()
    assert "demo-m0-2" in api.pod_names()


def test_the_last_words_are_those_of_the_master_that_ended_last() -> None:
    """Of however many."""
    api = ApiServer(masters=1)
    api.settle()
    for incarnation in range(1, 6):
        words = f"said by number {incarnation}"
        api.ends(f"demo-m0-{incarnation}", code=1, message=words, life=0.5)
        api.settle()
        api.now += 40.0
        api.settle()
    found = api.objects["RingRun", "demo"]["status"]["conditions"]
    message = next(each["message"] for each in found if each["type"] == "Succeeded")
    assert "said by number 5" in message


def test_masters_that_end_at_once_are_not_made_for_ever() -> None:
    """Five in a row; then the run fails, and says with what words they ended."""
    api = ApiServer(masters=1)
    api.settle()
    for incarnation in range(1, 6):
        api.ends(f"demo-m0-{incarnation}", code=1, message="no such thing", life=0.5)
        api.settle()
        api.now += 40.0
        api.settle()
    assert api.pod_names().count("demo-m0-6") == 0
    found = api.objects["RingRun", "demo"]["status"]
    assert (found["verdict"], found["reason"]) == ("Failed", "NoMasterLeft")
    message = next(c["message"] for c in found["conditions"] if c["type"] == "Succeeded")
    assert "no such thing" in message
