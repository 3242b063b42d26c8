"""`ringrun-operator`: arguments in, one call, an exit code out.

ringrun-operator --all-namespaces            what the Deployment runs
ringrun-operator --namespace lab --kubeconfig FILE --no-election      from a desk
ringrun-operator test --namespace lab        makes a run and wants Agreed (`helm test`)
"""

import argparse
import asyncio
import logging
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from ringrun import __version__
from ringrun.usage import Parser, UsageError
from ringrun_operator import logs
from ringrun_operator.names import DEFAULT_IMAGE

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the operator, or its self-test; the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        parsed = _parser().parse_args(arguments)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    wrong = _wrong_words(parsed)
    if wrong:
        return _wrong(wrong)
    logs.set_up(parsed.log_format, parsed.log_level)
    serve = _test if parsed.command == "test" else _operate
    try:
        from ringrun.record.api import ApiError, NoCluster
        from ringrun.spec import SpecError
        from ringrun.wording import system_words
        from ringrun_operator import operating, selftest

        del operating, selftest
    except ModuleNotFoundError as error:
        if str(error.name).startswith("ringrun"):
            raise
        return _wrong(f"{error.name} is not installed; install ringrun[operator]")

    try:
        return asyncio.run(serve(parsed))
    except NoCluster as error:
        return _failed(str(error))
    except SpecError as error:
        for fault in error.faults:
            _failed(fault)
        return 2
    except (ApiError, OSError) as error:
        _failed(system_words(error))
        return 1


def _wrong_words(parsed: argparse.Namespace) -> str:
    """What is wrong with the arguments; empty if nothing is."""
    for name, known in (("log-format", logs.FORMATS), ("log-level", logs.LEVELS)):
        given = getattr(parsed, name.replace("-", "_"))
        # A default of the environment's is not looked at by the parser.
        if given not in known:
            return f"--{name} must be one of {', '.join(known)}, got {given}"
    if parsed.command == "test":
        if parsed.all_namespaces or len(parsed.namespace) > 1:
            return "test makes one run: give at most one --namespace, and not --all-namespaces"
        if not 0 < parsed.timeout < float("inf"):
            return f"--timeout must be more than 0 seconds, got {parsed.timeout:g}"
    elif parsed.all_namespaces == bool(parsed.namespace):
        return "give either --all-namespaces or --namespace"
    if not 0 <= parsed.port <= 65535:
        return f"--port must be 0 to 65535, and is {parsed.port}"
    return ""


def _failed(words: str) -> int:
    """An operator that ends so has a log, which may be read by a machine."""
    if any(isinstance(each.formatter, logs.JsonLines) for each in logging.getLogger().handlers):
        log.error("%s", words)
    else:
        _wrong(words)
    return 2


def _wrong(words: str) -> int:
    print(f"ringrun-operator: {words}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    environ = os.environ
    parser = Parser(
        prog="ringrun-operator",
        description="Runs RingRuns on a cluster.",
        epilog="""examples:
  ringrun-operator --all-namespaces
  ringrun-operator --namespace lab --kubeconfig FILE --no-election
  ringrun-operator test --namespace lab

exit codes: 0 it ended as it should, 1 it did not, 2 the input is wrong""",
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=80),
    )
    add = parser.add_argument
    add("command", nargs="?", choices=["run", "test"], default="run", help="(default: run)")
    add("--all-namespaces", action="store_true", help="watch all of them")
    add("--namespace", metavar="NAME", action="append", default=[], help="watch this one; repeat")
    add("--kubeconfig", metavar="FILE", help="reach the cluster by it (default: as kubectl does)")
    add("--context", metavar="NAME", help="of the kubeconfig (default: its current one)")
    add(
        "--image",
        metavar="NAME",
        default=environ.get("RINGRUN_IMAGE") or DEFAULT_IMAGE,
        help="what pods run (default: %(default)s)",
    )
    add(
        "--image-pull-policy",
        metavar="POLICY",
        default=environ.get("RINGRUN_IMAGE_PULL_POLICY") or "IfNotPresent",
        help="of pods (default: %(default)s)",
    )
    add(
        "--network-policies",
        metavar="PORTS",
        type=_ports,
        default=(),
        help="make NetworkPolicies for each run; the API server's ports, such as 443,6443",
    )
    add(
        "--defaults",
        metavar="FILE",
        default=environ.get("RINGRUN_DEFAULTS"),
        help="YAML of the shape of spec.template, which overrides it in each run",
    )
    add("--no-election", action="store_true", help="be active without a Lease")
    add(
        "--election-namespace",
        metavar="NAME",
        default=environ.get("RINGRUN_OPERATOR_NAMESPACE") or "default",
        help="where the Lease is (default: %(default)s)",
    )
    add(
        "--election-lease",
        metavar="NAME",
        default=environ.get("RINGRUN_OPERATOR_LEASE") or "ringrun-operator",
        help="its name (default: %(default)s)",
    )
    add(
        "--port",
        metavar="N",
        type=int,
        default=8080,
        help="health and metrics; 0 for none (default: %(default)s)",
    )
    add(
        "--log-format",
        metavar="FORM",
        default=environ.get("RINGRUN_LOG_FORMAT") or "text",
        help="text or json, here and in pods (default: %(default)s)",
    )
    add(
        "--log-level",
        metavar="LEVEL",
        default=environ.get("RINGRUN_LOG_LEVEL") or "info",
        help="debug, info, warning or error, here and in pods (default: %(default)s)",
    )
    add(
        "--name",
        default="ringrun-test",
        help="of the run that `test` makes (default: %(default)s)",
    )
    add(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=120.0,
        help="of `test` (default: %(default)g)",
    )
    add("--version", action="version", version=f"ringrun-operator {__version__}")
    return parser


def _ports(text: str) -> tuple[int, ...]:
    """Port numbers, with commas between."""
    ports = tuple(int(each) for each in text.split(","))
    if not all(0 < port <= 65535 for port in ports):
        raise ValueError
    return ports


async def _test(parsed: argparse.Namespace) -> int:
    from ringrun.record.api import Api
    from ringrun_operator.act.cluster import Cluster
    from ringrun_operator.selftest import selftest

    namespace = parsed.namespace[0] if parsed.namespace else parsed.election_namespace
    async with await Api.connect(parsed.kubeconfig, parsed.context) as api:
        return await selftest(Cluster(api), namespace, parsed.name, parsed.timeout)


async def _operate(parsed: argparse.Namespace) -> int:
    from ringrun.record.api import Api
    from ringrun.spec import load_template
    from ringrun_operator.act.cluster import Cluster
    from ringrun_operator.objects.settings import Defaults
    from ringrun_operator.operating import Operator, Options

    template = load_template(Path(parsed.defaults)) if parsed.defaults else {}
    name = os.environ.get("RINGRUN_OPERATOR_NAME") or socket.gethostname()
    options = Options(
        namespaces=tuple(parsed.namespace),
        defaults=Defaults(
            image=parsed.image,
            pull_policy=parsed.image_pull_policy,
            network_ports=parsed.network_policies,
            template=template,
            log_format=parsed.log_format,
            log_level=parsed.log_level,
        ),
        own_namespace=parsed.election_namespace,
        lease="" if parsed.no_election else parsed.election_lease,
        # Unique for each start: a container that is restarted keeps its pod's name.
        name=f"{name}-{secrets.token_hex(4)}",
        port=parsed.port,
    )
    async with await Api.connect(parsed.kubeconfig, parsed.context) as api:
        await Operator(Cluster(api), options).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
