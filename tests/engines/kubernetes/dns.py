"""dns.py API CA CERTIFICATE KEY ADDRESS: the cluster's DNS, as far as the tests need one.

Answers A questions for SERVICE.NAMESPACE.svc.cluster.local with the service's address, from the API;
any other name does not exist. Nothing is asked of another server, so nothing leaves the machine.
"""

import json
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.request

addresses: dict[str, str] = {}


def follow(api: str, context: ssl.SSLContext) -> None:
    """Read all services every second; an API server that is away leaves the last answer."""
    global addresses
    while True:
        try:
            with urllib.request.urlopen(f"{api}/api/v1/services", context=context, timeout=5) as answer:
                services = json.load(answer)["items"]
        except OSError as error:
            print(f"services: {error}", flush=True)
        else:
            found = {}
            for each in services:
                if each["spec"].get("clusterIP") not in (None, "", "None"):
                    name = f"{each['metadata']['name']}.{each['metadata']['namespace']}.svc.cluster.local"
                    found[name] = each["spec"]["clusterIP"]
            addresses = found
        time.sleep(1)


def reply(query: bytes) -> bytes:
    """The answer to one question (RFC 1035, section 4).

    :raises IndexError: it is cut short
    """
    at, labels = 12, []
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    (kind,) = struct.unpack(">H", query[at + 1 : at + 3])
    address = addresses.get(".".join(labels))
    answer = b""
    if address and kind == 1:
        answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + socket.inet_aton(address)
    flags = 0x8580 | (0 if address else 3)
    return query[:2] + struct.pack(">HHHHH", flags, 1, int(bool(answer)), 0, 0) + query[12 : at + 5] + answer


def main(api: str, ca: str, certificate: str, key: str, address: str) -> None:
    """Serve until killed."""
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    threading.Thread(target=follow, args=(api, context), daemon=True).start()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))
    while True:
        query, peer = server.recvfrom(4096)
        try:
            server.sendto(reply(query), peer)
        except (IndexError, struct.error, OSError) as error:
            print(f"query: {error}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
