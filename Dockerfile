# The product is the last target; `--target kubernetes` is the same with a client for the Kubernetes API,
# `--target emulator` the stand-in for Entra, for demos and tests.
#
#   docker build -t entra-token-sidecar .
#
# Behind a TLS-inspecting proxy: --secret id=ca,src=/path/to/its/ca-bundle.pem
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
ARG DEBIAN_FRONTEND=noninteractive
RUN --mount=type=secret,id=ca,required=false \
    options=-q; if [ -e /run/secrets/ca ]; then options="-q -o Acquire::https::CAInfo=/run/secrets/ca"; fi; \
    apt-get $options update \
    && apt-get $options install -y --no-install-recommends \
        binutils ca-certificates dash klibc-utils python3 python3-pip \
    && rm -rf /var/lib/apt/lists
# The environment tells pip of its CA, so that no layer holds more than the packages.
COPY requirements.txt /
RUN --mount=type=secret,id=ca,required=false --mount=type=secret,id=pip,required=false \
    if [ -e /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    if [ -e /run/secrets/pip ]; then export PIP_CONFIG_FILE=/run/secrets/pip; fi; \
    pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-cache-dir --no-compile \
        --require-hashes --target /packages -r /requirements.txt
COPY image /image
ARG SOURCE_DATE_EPOCH=0
RUN /image/packages.sh /packages && python3 /image/records.py /packages \
    && /image/root.sh /root.d \
    && site=/usr/local/lib/$(basename "$(readlink -f /usr/bin/python3)")/dist-packages \
    && mkdir -p "/root.d$site" && cp -a /packages/. "/root.d$site/" \
    && python3 /image/byte_code.py /root.d /root.d/usr \
    && find /root.d -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM build AS code
COPY entrypoint.sh /code/
COPY sidecar /code/sidecar
ARG SOURCE_DATE_EPOCH=0
RUN find /code -name __pycache__ -prune -exec rm -rf {} + \
    && chmod -R u=rwX,go=rX /code && chmod 0755 /code/entrypoint.sh \
    && python3 /image/byte_code.py /code /code/sidecar \
    && find /code -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM scratch AS runtime
COPY --from=build /root.d /
COPY --from=code /code /
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532

# The stand-in for Microsoft Entra ID. Nothing about it is secure.
FROM build AS emulator-packages
COPY requirements-emulator.txt /
RUN --mount=type=secret,id=ca,required=false --mount=type=secret,id=pip,required=false \
    if [ -e /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    if [ -e /run/secrets/pip ]; then export PIP_CONFIG_FILE=/run/secrets/pip; fi; \
    pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-cache-dir --no-compile \
        --require-hashes --no-deps --target /emulator.d/emulator -r /requirements-emulator.txt \
    && rm -rf /emulator.d/emulator/bin
COPY tests/__init__.py /emulator.d/emulator/tests/
COPY tests/emulator /emulator.d/emulator/tests/emulator
RUN find /emulator.d -name __pycache__ -prune -exec rm -rf {} + && chmod -R u=rwX,go=rX /emulator.d \
    && mkdir -m 1777 /emulator.d/tls /emulator.d/memory

FROM runtime AS emulator
COPY --from=emulator-packages /emulator.d /
ENV PYTHONPATH=/emulator
EXPOSE 8443
LABEL org.opencontainers.image.title="entra-token-sidecar-emulator" \
      org.opencontainers.image.description="A stand-in for Microsoft Entra ID, for demos and offline tests only." \
      org.opencontainers.image.licenses="MIT"
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python3", "-c", "import ssl, urllib.request as u; u.urlopen('https://localhost:8443/_control/health', timeout=3, context=ssl._create_unverified_context())"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python3", "-P", "-m", "tests.emulator", "--host", "0.0.0.0", "--port", "8443", "--tls-dir", "/tls"]

FROM runtime AS described
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="entra-token-sidecar" \
      org.opencontainers.image.description="Signs a person in to Microsoft Entra ID once and keeps a token file fresh for the apps beside it." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# About `refresh`, which runs for ever; `signin` ends by itself before it would matter.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=2 CMD ["/entrypoint.sh", "probe", "readiness"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/entrypoint.sh"]

# What requirements-kubernetes.txt has beyond requirements.txt.
FROM build AS kubernetes-packages
COPY requirements-kubernetes.txt /
RUN --mount=type=secret,id=ca,required=false --mount=type=secret,id=pip,required=false \
    if [ -e /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    if [ -e /run/secrets/pip ]; then export PIP_CONFIG_FILE=/run/secrets/pip; fi; \
    site=/kubernetes.d/usr/local/lib/$(basename "$(readlink -f /usr/bin/python3)")/dist-packages \
    && for list in requirements requirements-kubernetes; do \
        sed -e :join -e '/\\$/N; s/ *\\\n */ /; t join' "/$list.txt" >"/tmp/$list"; done \
    && grep -vxFf /tmp/requirements /tmp/requirements-kubernetes >/tmp/beyond \
    && pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-cache-dir --no-compile \
        --require-hashes --no-deps --target "$site" -r /tmp/beyond \
    && /image/kubernetes.sh "$site" && python3 /image/records.py "$site"
ARG SOURCE_DATE_EPOCH=0
RUN python3 /image/byte_code.py /kubernetes.d /kubernetes.d/usr \
    && chmod -R u=rwX,go=rX /kubernetes.d \
    && find /kubernetes.d -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM described AS kubernetes
COPY --from=kubernetes-packages /kubernetes.d /

FROM described AS product
