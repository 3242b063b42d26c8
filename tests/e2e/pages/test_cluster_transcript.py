"""What the README shows of a cluster, typed on one: tests/integration/pages leaves these out."""

from pathlib import Path

from page_blocks import all_blocks
from page_outcome import hold
from page_shell import Desk

from kubectl import Kubectl

PAGE = "README.md"


def test_the_readme_s_run_on_a_cluster_says_what_the_page_says(
    kubectl: Kubectl, tmp_path: Path
) -> None:
    """Every `kubectl` of the page in order, in a namespace of its own."""
    config = tmp_path / "kubeconfig"
    config.touch(mode=0o600)
    config.write_text(kubectl("config", "view", "--raw", "--flatten"))
    alone = Kubectl(kubeconfig=str(config))
    alone("config", "set-context", "--current", f"--namespace={kubectl.namespace}")
    steps = [
        step
        for block in all_blocks()
        if block.page == PAGE
        for step in block.steps
        if step.command.startswith("kubectl ")
    ]
    assert len(steps) == 4
    hold(PAGE, Desk(tmp_path, activated=True, KUBECONFIG=str(config)).type(steps, {}))
