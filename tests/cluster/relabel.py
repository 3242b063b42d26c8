"""relabel.py ARCHIVE.tar OUT.tar REGISTRY: the same image by another name, with another ID.

The ID is another for a label more. Prints the name: the archive's, with this registry in place of
its own. ARCHIVE is one of `docker save`.
"""

import io
import json
import sys
import tarfile

archive, out, registry = sys.argv[1:]
with tarfile.open(archive) as source, tarfile.open(out, "w") as target:

    def read(name: str) -> dict:
        return json.load(source.extractfile(name))

    def write(name: str, value: object) -> None:
        data = json.dumps(value).encode()
        info = tarfile.TarInfo(name)
        info.size = len(data)
        target.addfile(info, io.BytesIO(data))

    [image] = read("manifest.json")
    name = f"{registry}/{image['RepoTags'][0].partition('/')[2]}"
    config = read(image["Config"])
    config["config"].setdefault("Labels", {})["ringrun.dev/registry"] = registry
    for layer in dict.fromkeys(image["Layers"]):
        member = source.getmember(layer)
        # buildah names a layer twice, the second time by a link.
        while member.islnk() or member.issym():
            member = source.getmember(member.linkname.removeprefix("../"))
        data = source.extractfile(member)
        info = tarfile.TarInfo(layer)
        info.size = member.size
        target.addfile(info, data)
    write("config.json", config)
    write("manifest.json", [{**image, "Config": "config.json", "RepoTags": [name]}])
print(name)
