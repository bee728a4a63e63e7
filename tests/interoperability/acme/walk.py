"""Orders and renews certificates from Pebble, a published ACME server for tests:

    walk.py PROGRAM FOLDER

Everything listens on loopback, on ports of its own. Pebble asks for the names by TLS-ALPN-01, through a DNS server of its
own that says 127.0.0.1 for every name. The oracle of certificates is OpenSSL, by Python's ssl, which trusts nothing but
Pebble's root.
"""

import atexit
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import urllib.request

PROGRAM, FOLDER = sys.argv[1:]
NAME, OTHER = "twin.city.example", "map.city.example"
# A guard against hanging; nothing is measured by it.
AT_MOST = 120
children = []


def say(text):
    print(f"   {text}", flush=True)


@atexit.register
def end_all():
    for child in children:
        if child.poll() is None:
            child.kill()
            child.wait()


def start(name, arguments, **more):
    log = open(f"{FOLDER}/{name}.log", "ab")
    child = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **more)
    children.append(child)
    return child


def stop(child):
    child.send_signal(signal.SIGTERM)
    child.wait(AT_MOST)


def log_of(name):
    with open(f"{FOLDER}/{name}.log", encoding="utf-8", errors="replace") as log:
        return log.read()


def until(what, look):
    end = time.monotonic() + AT_MOST
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    for name in ("server", "pebble"):
        if os.path.exists(f"{FOLDER}/{name}.log"):
            print(f"== {name}\n{log_of(name)[-4000:]}", file=sys.stderr)
    raise SystemExit(f"{what}: did not come about in {AT_MOST} s")


def free_port():
    # The same number for TCP and UDP, which the DNS server wants both of.
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return tcp.getsockname()[1]


TLS, DIRECTORY, MANAGEMENT, DNS, DNS_MANAGEMENT = (free_port() for _ in range(5))


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


# --- the authority

AUTHORITY = f"{FOLDER}/authority"
os.mkdir(AUTHORITY)
DIRECTORY_CA = f"{FOLDER}/directory-ca.pem"


def ca(*arguments):
    ran = subprocess.run([PROGRAM, "ca", *arguments, "--data-dir", f"{FOLDER}/ca-data"], capture_output=True, timeout=AT_MOST)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


ca("init")
ca("server", "localhost", "127.0.0.1", "-o", AUTHORITY)
with open(DIRECTORY_CA, "wb") as file:
    file.write(ca("show"))

start("dns", ["pebble-challtestsrv", "-dns01", f"127.0.0.1:{DNS}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", f"127.0.0.1:{DNS_MANAGEMENT}", "-defaultIPv6", ""])
roots = []


def pebble(life):
    """Starts one whose certificates hold so many seconds. What an earlier one knew is forgotten: accounts, and its root."""
    config = {
        "listenAddress": f"127.0.0.1:{DIRECTORY}",
        "managementListenAddress": f"127.0.0.1:{MANAGEMENT}",
        "certificate": f"{AUTHORITY}/server.pem",
        "privateKey": f"{AUTHORITY}/server.key",
        "httpPort": 1,
        "tlsPort": TLS,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
        "certificateValidityPeriod": life,
    }
    with open(f"{FOLDER}/pebble.json", "w") as file:
        json.dump({"pebble": config}, file)
    child = start("pebble", ["pebble", "-strict", "-config", f"{FOLDER}/pebble.json", "-dnsserver", f"127.0.0.1:{DNS}"], env={**os.environ, "PEBBLE_VA_NOSLEEP": "1"})
    until("pebble listens", lambda: listens(MANAGEMENT) and listens(DIRECTORY))
    context = ssl.create_default_context(cafile=DIRECTORY_CA)
    with urllib.request.urlopen(f"https://127.0.0.1:{MANAGEMENT}/roots/0", context=context) as answer:
        roots.append(answer.read().decode())
    return child


# --- the server

DATA = f"{FOLDER}/data"


def configure(names, terms="terms_agreed = true", more=""):
    with open(f"{FOLDER}/mapacha.toml", "w") as file:
        file.write(
            f"""[log]
level = "info"
[http]
listen = "127.0.0.1:{TLS}"
[storage]
data_dir = "{DATA}"
[tls]
{more}
[tls.acme]
names = {json.dumps(names)}
{terms}
contact = ["mailto:security@city.example"]
directory = "https://localhost:{DIRECTORY}/dir"
trusted_certificates = ["{DIRECTORY_CA}"]
"""
        )


def server():
    child = start("server", [PROGRAM, "serve", "--config", f"{FOLDER}/mapacha.toml"])
    until("the server listens", lambda: listens(TLS) or child.poll() is not None)
    assert child.poll() is None, log_of("server")
    return child


def trusting():
    context = ssl.create_default_context()
    context.load_verify_locations(cadata="\n".join(roots))
    return context


def anything():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask(context, name=NAME, path="/healthz"):
    """One connection and one request: the certificate (DER) and the answer."""
    with socket.create_connection(("127.0.0.1", TLS), 20) as plain, context.wrap_socket(plain, server_hostname=name) as stream:
        certificate = stream.getpeercert(binary_form=True)
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{TLS}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := stream.recv(65536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
        return certificate, answer.decode()


def trusted(name=NAME):
    try:
        return ask(trusting(), name)[0]
    except (ssl.SSLError, OSError):
        return None


def refused(*words):
    for command in (["serve"], ["doctor"]):
        ran = subprocess.run([PROGRAM, *command, "--config", f"{FOLDER}/mapacha.toml"], capture_output=True, text=True, timeout=AT_MOST)
        told = ran.stdout + ran.stderr
        assert ran.returncode != 0, told
        for word in words:
            assert word in told, (word, told)


print("== certificates that are ordered and renewed by the server (Pebble)")
configure([NAME], terms="")
refused("tls.acme.terms_agreed", "terms of service", "set it to true if you agree")
configure([NAME], terms="terms_agreed = false")
refused("tls.acme.terms_agreed")
configure([])
refused("tls.acme.names")
configure([NAME], more=f'certificate = "{AUTHORITY}/server.pem"\nkey = "{AUTHORITY}/server.key"')
refused("remove tls.certificate and tls.key", "remove [tls.acme]")
say("without terms, without names, and with files besides, serve and doctor refuse and say what to do")

configure([NAME])
child = server()
stand_in, _ = ask(anything())
until("it says why", lambda: "it is tried again at" in log_of("server"))
assert "a self-signed one is shown" in log_of("server")
stop(child)
say("with nobody there to give a certificate it serves with a self-signed one, and says so")

authority = pebble(3600)
child = server()
first = until("a first certificate", trusted)
assert first != stand_in
ca = [folder for folder in os.listdir(f"{DATA}/acme")]
assert len(ca) == 1, ca
kept = f"{DATA}/acme/{ca[0]}"
for file in ("account.json", "certificate.pem", "self-signed.pem"):
    assert stat.S_IMODE(os.stat(f"{kept}/{file}").st_mode) == 0o600, file
assert stat.S_IMODE(os.stat(kept).st_mode) == 0o700
# Nothing answers at Pebble's httpPort and the DNS has no records for challenges: only the handshake can have proved it.
say("the first certificate is there, by TLS-ALPN-01; OpenSSL trusts it by Pebble's root alone; its files are the server's own")

curious = trusting()
curious.set_alpn_protocols(["acme-tls/1"])
try:
    ask(curious)
    raise SystemExit("whoever asks as an authority does, out of season, was answered")
except ssl.SSLError:
    pass
stop(child)

orders = log_of("pebble").count("order-plz")
assert orders > 0, log_of("pebble")
child = server()
assert until("the certificate after a restart", trusted) == first
time.sleep(3)
assert log_of("pebble").count("order-plz") == orders
doctor = subprocess.run([PROGRAM, "doctor", "--config", f"{FOLDER}/mapacha.toml"], capture_output=True, text=True, timeout=AT_MOST)
assert "certificate.pem holds for 0 days" in doctor.stdout or "certificate.pem ends in 0 day(s)" in doctor.stdout, doctor.stdout
stop(child)
stop(authority)
say("a restart uses what is there and orders nothing")

# The name more makes an order due; this Pebble knows no account, and its certificates end soon.
authority = pebble(24)
configure([NAME, OTHER])
child = server()
serials, failures, answered, enough = [], [], 0, threading.Event()


def keep_asking():
    global answered
    context = trusting()
    while not enough.is_set():
        try:
            certificate, _ = ask(context)
            answered += 1
            if certificate not in serials:
                serials.append(certificate)
        except Exception as error:  # whatever it is: a request that came to nothing
            failures.append(repr(error))


asking = [threading.Thread(target=keep_asking) for _ in range(2)]
for thread in asking:
    thread.start()
until("three renewals", lambda: len(serials) >= 4 or failures)
enough.set()
for thread in asking:
    thread.join()
assert not failures, failures[:3]
assert first in serials, "it went on with what it had until there was another"
assert trusted(OTHER), "the name that was added is in it"
assert "does not know the account any more" in log_of("server")
say(f"{len(serials) - 1} renewals under {answered} requests, each with a handshake of its own; none failed")

stop(authority)
failed = log_of("server").count("it is tried again at")
last = ask(anything())[0]
until("it says why", lambda: log_of("server").count("it is tried again at") > failed)
line = [line for line in log_of("server").splitlines() if "it is tried again at" in line][-1]
assert "the one that is there is shown on" in line and str(DIRECTORY) in line, line
now, metrics = ask(anything(), path="/metrics")
assert now == last
assert "mapacha_acme_failures 1" in metrics, metrics
stop(child)
say("with Pebble gone the last certificate is shown on, and the log says why and when it is tried again")
print("== passed")
