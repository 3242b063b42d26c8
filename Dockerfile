# One image for slaves, masters and the operator. Nothing in it hangs on the architecture: the locks carry the
# hashes of amd64 and arm64 wheels alike, and nothing is compiled.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
# The base's own bundle, so that a machine behind a proxy with its own certificate can build too.
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
RUN python3 -m venv /opt/ringrun && python3 -m venv /opt/build
COPY requirements-operator.lock requirements-build.lock ./
RUN /opt/ringrun/bin/pip install --quiet --require-hashes --only-binary :all: --requirement requirements-operator.lock \
 && /opt/build/bin/pip install --quiet --require-hashes --only-binary :all: --requirement requirements-build.lock \
 # Two thirds of the size are never used: the Kubernetes client's generated classes (the calls are raw, and
 # the classes are imported on demand), tests, typing stubs, and pip itself.
 && find /opt/ringrun/lib -depth -type d \( -name tests -o -name test -o -name docs \) -exec rm -rf {} + \
 && find /opt/ringrun/lib \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' \) -delete \
 && find /opt/ringrun/lib -path '*/kubernetes/*client/models/*' ! -name __init__.py -delete \
 && find /opt/ringrun/lib -path '*/kubernetes/*client/api/*' ! -name __init__.py -delete
COPY pyproject.toml LICENSE CHANGELOG.md README.md ./
COPY docs/ringrun.1 docs/
COPY node node
COPY operator operator
# The packages come last, so that a change of them rebuilds this step alone. Byte code is made here, because
# nothing can be written at run time; unchecked, because nothing changes it either.
RUN /opt/build/bin/hatchling build --target wheel --directory /tmp/wheel \
 && /opt/ringrun/bin/pip install --quiet --no-deps --no-index /tmp/wheel/*.whl \
 && /opt/ringrun/bin/pip uninstall --quiet --yes setuptools pip \
 && { /opt/ringrun/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/ringrun/lib || true; } \
 && /opt/ringrun/bin/python -c 'import kopf, numpy, kubernetes.aio.config, kubernetes.aio.client.api_client'

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="RingRun" \
      org.opencontainers.image.description="Slaves, masters and operator of RingRun" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/ringrun /opt/ringrun
# Safe path: neither the working folder nor a script's folder is ever imported from.
ENV PATH=/opt/ringrun/bin:/usr/local/bin:/usr/bin:/bin PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /
# Pods name no user, so that a cluster may assign one. This one's number is below, for the kubelet to see that it is
# not root; its group is here, as a runtime that is told the number alone looks it up, and takes root's where it is not.
RUN echo 'ringrun:x:65532:65532::/:/usr/sbin/nologin' >> /etc/passwd && echo 'ringrun:x:65532:' >> /etc/group
USER 65532:65532
ENTRYPOINT ["ringrun"]
