"""Where `kopf run -m ringrun_operator.handlers` begins: handlers in kopf's own registry.

For work at a desk alone, where kopf is the program: to import this is to register. What is watched,
and how, is said in `watch.registry`; what is done then is the desk's.
"""

import sys
from typing import Any

import kopf

from ringrun.spec import SpecError
from ringrun_operator.desk import Desk
from ringrun_operator.watch.feed import Feed
from ringrun_operator.watch.registry import register, set_up


def _at_the_desk() -> None:
    try:
        desk = Desk()
    except SpecError as error:
        print(error, file=sys.stderr)
        sys.exit(2)

    def start(settings: kopf.OperatorSettings, **_: Any) -> None:
        set_up(settings)
        desk.start()

    def stop(**_: Any) -> None:
        desk.stop()

    kopf.on.startup()(start)
    kopf.on.cleanup()(stop)
    register(kopf.get_default_registry(), Feed(listed=desk.listed, changed=desk.changed))


_at_the_desk()
