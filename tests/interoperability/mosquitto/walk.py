"""Notifications by way of a published broker, Eclipse Mosquitto: over one connection, in order, and through its restarts.

walk.py URL, where a server of ours answers that may reach loopback addresses. Needs mosquitto and mosquitto_sub, and
nothing beside Python.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone

ENTITIES = "/ngsi-ld/v1/entities"
SUBSCRIPTIONS = "/ngsi-ld/v1/subscriptions"
PATIENCE_S = 60


class Broken(Exception):
    """What is not as it should be."""


def holds(condition, what):
    if not condition:
        raise Broken(what)


def eventually(found, what):
    """Waits until something is so; gives it."""
    end = time.monotonic() + PATIENCE_S
    while True:
        value = found()
        if value:
            return value
        if time.monotonic() > end:
            raise Broken(f"not within {PATIENCE_S} s: {what()}")
        time.sleep(0.05)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Broker:
    """Mosquitto on a port of loopback."""

    def __init__(self, folder, name, more=()):
        self.port = free_port()
        self.log = os.path.join(folder, f"{name}.log")
        self.config = os.path.join(folder, f"{name}.conf")
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"log_dest file {self.log}",
            "log_type all",
            *(more or ["allow_anonymous true"]),
        ]
        # It drops root's rights, and could not write its log then.
        if os.getuid() == 0:
            lines.append("user root")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["mosquitto", "-c", self.config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

        def listening():
            holds(self.process.poll() is None, f"mosquitto ended with {self.process.poll()}")
            with socket.socket() as one:
                return one.connect_ex(("127.0.0.1", self.port)) == 0

        eventually(listening, lambda: "the broker listens")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait()

    def connected(self, word):
        """How many connections were opened by clients whose line in the log has this word."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return sum("New client connected" in line and word in line for line in file)


class Listener:
    """mosquitto_sub, which writes what comes to a file; it connects again after a restart of the broker."""

    def __init__(self, folder, name, broker, topic):
        self.path = os.path.join(folder, name)
        self.broker = broker
        self.file = open(self.path, "wb")
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic]
        self.process = subprocess.Popen([*command, "-i", name, "-F", "%t\t%p"], stdout=self.file)
        eventually(lambda: broker.connected(name), lambda: f"{name} has connected")
        time.sleep(0.2)

    def messages(self):
        with open(self.path, encoding="utf-8") as file:
            lines = [line.rstrip("\n").split("\t", 1) for line in file if line.endswith("\n")]
        return [(topic, json.loads(payload)) for topic, payload in lines]

    def levels(self, topic):
        return [message["body"]["data"][0]["level"]["value"] for on, message in self.messages() if on == topic]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.file.close()


class World:
    """The server that is walked through."""

    def __init__(self, url, folder):
        self.url = url.rstrip("/")
        self.folder = folder

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                status, text = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, json.loads(text) if text else None

    def tank(self, number):
        body = {"id": f"urn:ngsi-ld:Tank{number}:1", "type": f"Tank{number}", "level": 0}
        holds(self.send("POST", ENTITIES, body)[0] == 201, "the tank is there")

    def fill(self, number, levels):
        for level in levels:
            status, body = self.send("PATCH", f"{ENTITIES}/urn:ngsi-ld:Tank{number}:1/attrs", {"level": level})
            holds(status == 204, f"{status}: {body}")

    def subscribe(self, number, uri, version, qos="1"):
        info = [{"key": "MQTT-Version", "value": version}, {"key": "MQTT-QoS", "value": qos}]
        name = f"urn:ngsi-ld:Subscription:{number}-{version}"
        body = {
            "id": name,
            "type": "Subscription",
            "entities": [{"type": f"Tank{number}"}],
            "notification": {"endpoint": {"uri": uri, "notifierInfo": info}},
        }
        status, told = self.send("POST", SUBSCRIPTIONS, body)
        holds(status == 201, f"{status}: {told}")
        return name

    def notification(self, subscription):
        return self.send("GET", f"{SUBSCRIPTIONS}/{subscription}")[1]["notification"]

    def wake(self, broker):
        """After a restart of the broker nobody waits for the rest that failures bring."""
        standing = self.send("GET", "/notifications/endpoints")[1]["items"]
        for endpoint in (one["endpoint"] for one in standing if f":{broker.port}/" in one["endpoint"]):
            asked = urllib.parse.quote(endpoint, safe="")
            holds(self.send("POST", f"/notifications/endpoints/wake?endpoint={asked}")[0] == 204, endpoint)

    def rests(self, broker, seconds):
        """Whether all endpoints at a broker rest for so many seconds more."""
        standing = self.send("GET", "/notifications/endpoints")[1]["items"]
        ends = [one["restsUntil"] for one in standing if f":{broker.port}/" in one["endpoint"]]
        soonest = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        return all(end and datetime.fromisoformat(end.replace("Z", "+00:00")) > soonest for end in ends)


def without_repeats(levels):
    """At least once: a message may come again, after itself."""
    return [level for at, level in enumerate(levels) if at == 0 or levels[at - 1] != level]


def over_one_connection_and_through_restarts(world, ends):
    broker = Broker(world.folder, "open")
    ends.callback(broker.stop)
    listener = Listener(world.folder, "listener", broker, "city/#")
    ends.callback(listener.stop)
    topics = {"mqtt5.0": "city/five", "mqtt3.1.1": "city/three"}
    names = {
        version: world.subscribe(1, f"mqtt://127.0.0.1:{broker.port}/{topic}", version)
        for version, topic in topics.items()
    }
    before = broker.connected("")
    world.tank(1)
    done = 0

    def arrived():
        return all(without_repeats(listener.levels(topic)) == list(range(done + 1)) for topic in topics.values())

    def what():
        return {topic: listener.levels(topic)[-25:] for topic in topics.values()}

    done = 100
    world.fill(1, range(1, done + 1))
    eventually(arrived, what)
    opened = broker.connected("") - before
    holds(opened <= 2, f"{opened} connections for two hundred notifications of two subscriptions")
    for topic in topics.values():
        one = next(message for on, message in listener.messages() if on == topic)
        holds(one["metadata"]["Content-Type"] == "application/json", f"metadata: {one}")
        holds(one["body"]["type"] == "Notification", f"body: {one}")
    # It goes in good order, and it is killed; what is made meanwhile waits.
    for how in (signal.SIGTERM, signal.SIGKILL):
        broker.stop(how)
        world.fill(1, range(done + 1, done + 21))
        done += 20
        eventually(
            lambda: all(world.notification(name)["status"] == "failed" for name in names.values()),
            lambda: {name: world.notification(name) for name in names.values()},
        )
        # The listener is to be there again before anything is sent: a broker keeps nothing for who is not.
        eventually(lambda: world.rests(broker, 5), lambda: world.send("GET", "/notifications/endpoints")[1])
        before = broker.connected("listener")
        broker.start()
        eventually(lambda: broker.connected("listener") > before, lambda: "the listener has connected again")
        time.sleep(0.5)
        world.wake(broker)
        eventually(arrived, what)
        holds(world.notification(names["mqtt5.0"])["status"] == "ok", "status after the restart")


def with_quality_0_and_2(world, ends):
    broker = Broker(world.folder, "qualities")
    ends.callback(broker.stop)
    listener = Listener(world.folder, "qualities-listener", broker, "q/#")
    ends.callback(listener.stop)
    for qos in ("0", "2"):
        world.subscribe(f"2{qos}", f"mqtt://127.0.0.1:{broker.port}/q/{qos}", "mqtt5.0", qos)
        world.tank(f"2{qos}")
        world.fill(f"2{qos}", range(1, 21))
        eventually(
            lambda: listener.levels(f"q/{qos}") == list(range(21)), lambda: (qos, listener.levels(f"q/{qos}"))
        )


def with_a_password(world, ends):
    secrets = os.path.join(world.folder, "passwords")
    subprocess.run(["mosquitto_passwd", "-b", "-c", secrets, "mapacha", "a long secret"], check=True)
    broker = Broker(world.folder, "closed", ["allow_anonymous false", f"password_file {secrets}"])
    ends.callback(broker.stop)
    wrong = world.subscribe(3, f"mqtt://mapacha:guessed@127.0.0.1:{broker.port}/closed", "mqtt5.0")
    right = world.subscribe(3, f"mqtt://mapacha:a%20long%20secret@127.0.0.1:{broker.port}/closed", "mqtt3.1.1")
    world.tank(3)
    eventually(lambda: world.notification(right).get("status") == "ok", lambda: world.notification(right))
    eventually(lambda: world.notification(wrong).get("status") == "failed", lambda: world.notification(wrong))


FEATURES = [
    ("two hundred over one connection each for MQTT 5 and 3.1.1, in order, through a stop and a kill of the broker",
     over_one_connection_and_through_restarts),
    ("qualities of service 0 and 2", with_quality_0_and_2),
    ("a broker that asks for a password", with_a_password),
]


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        world = World(sys.argv[1], folder)
        for name, feature in FEATURES:
            try:
                with ExitStack() as ends:
                    feature(world, ends)
                print(f"  ok      mosquitto: {name}", flush=True)
            except Exception as broken:  # whatever it is, the others are still walked
                failed += 1
                print(f"  FAILED  mosquitto: {name}\n          {broken!r}", flush=True)
    print(f"mosquitto: {len(FEATURES) - failed} ok, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


main()
