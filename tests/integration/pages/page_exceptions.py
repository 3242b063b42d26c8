"""The commands of pages that the test of the transcripts does not type, each with the reason.

The one place for them: a command that is on a page, and not here, is typed.
"""

from typing import Final

_CLUSTER: Final = "needs a cluster: tests/e2e/pages types it there"
_CHART: Final = "needs a cluster: tests/e2e/install does it in a namespace of its own"
_MINUTES: Final = "takes minutes, and CI runs it; that there is such a target, test_docs.py says"
_INSTALLS: Final = "installs from a package index"
_RELEASE: Final = "changes the repository: it is how a release is made"
_BEFORE: Final = "needs another commit's tree beside this one, and minutes"
_ALONE: Final = "needs a control plane of its own, root and Go, and takes minutes"
_PROFILER: Final = "needs a program that is not among the dependencies"

# page: command: reason.
NOT_TYPED: Final = {
    "README.md": {
        "make test": _MINUTES,
        "pipx install .": _INSTALLS,
        "kubectl apply -k deploy": _CLUSTER,
        "kubectl apply -f deploy/samples/ringrun.yaml": _CLUSTER,
        "kubectl wait --for=condition=Finished rrun/demo": _CLUSTER,
        "kubectl get rrun": _CLUSTER,
    },
    "CONTRIBUTING.md": {
        "make install PYTHON=python3.13": _INSTALLS,
        "make test": _MINUTES,
        "make check": _MINUTES,
        "git worktree add --detach ../before main": _BEFORE,
        (
            "PYTHONPATH=../before/node .venv/bin/python -m ringrun"
            " simulate --runs 2000 --digest before.txt"
        ): _BEFORE,
        ".venv/bin/ringrun simulate --runs 2000 --digest after.txt": _BEFORE,
        "diff before.txt after.txt": _BEFORE,
        (
            "for round in 1 2 3 4 5; do\n"
            "  for tree in ../before .; do\n"
            "    PYTHONPATH=$tree/node .venv/bin/python -m ringrun run"
            " --model window --send 5s --quiet\n"
            "  done\n"
            "done"
        ): _BEFORE,
        (
            "py-spy record --pid $(pgrep -n -x s0-1) --duration 5 --format raw --output slave.txt"
        ): _PROFILER,
        "perf record -g -o perf.data -p $(pgrep -n -x s0-1) -- sleep 5": _PROFILER,
        "perf stat -p $(pgrep -n -x s0-1) -- sleep 5": _PROFILER,
        "RINGRUN_REWRITE=1 .venv/bin/pytest tests/integration/pages": "this test itself",
    },
    "RELEASING.md": {
        "git switch -c release main": _RELEASE,
        "make cut VERSION=0.2.0": _RELEASE,
        "make check && make test && make wheel": _MINUTES,
        'git commit -am "Release 0.2.0"': _RELEASE,
        'git tag -s -m "RingRun 0.2.0" v0.2.0 && git push origin v0.2.0': _RELEASE,
    },
    "charts/ringrun/README.md": {
        (
            "helm install ringrun charts/ringrun --namespace ringrun-system --create-namespace"
        ): _CHART,
        "helm test ringrun --namespace ringrun-system": _CHART,
        "kubectl apply -k overlays/teams": _CHART,
        "helm install ringrun charts/ringrun --set scope=namespaced,crd.install=false": _CHART,
    },
    "bench/README.md": {
        'eval "$(make -s cluster-up NODES=0)"': _ALONE,
        (
            "tests/cluster/cp.sh kill kube-controller-manager;"
            " tests/cluster/cp.sh kill kube-scheduler"
        ): _ALONE,
        "kubectl apply --server-side -f deploy/crd.yaml": _ALONE,
        ".venv/bin/python bench/operator_scale.py --namespace bare": _ALONE,
        ".venv/bin/python bench/operator_scale.py --namespace keep --pods --ring 512": _ALONE,
        ".venv/bin/python bench/operator_scale.py --namespace keep --filled": _ALONE,
    },
    "docs/simulation.md": {
        "make simulate": "takes minutes: test_simulate_interrupted.py interrupts a shorter one",
        "ringrun simulate --runs 20000 --faults all": _MINUTES,
        "ringrun simulate --runs 20000 --digest digests.txt": _MINUTES,
        (
            "RINGRUN_REWRITE=1 .venv/bin/pytest tests/simulation/test_transcripts.py"
        ): "writes the pages anew; without the variable it is among the tests",
    },
    "tests/cluster/README.md": {
        'eval "$(make -s cluster-up NODES=3)"': "needs root and Go: `make e2e` does it",
        "make cluster-down": "needs root and Go: `make e2e` does it",
    },
}
