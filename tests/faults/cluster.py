"""Several servers of one cluster on one machine: a network namespace each, on one bridge in the namespace this program runs
in. Faults are what the kernel does to them: signals, and packets that a namespace drops."""

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import time
import http.client

NETWORK = "192.0.2"


def run(*words, check=True):
    return subprocess.run(words, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


class Server:
    def __init__(self, number, space, folder, role="server"):
        self.number, self.role = number, role
        self.name = f"{role}-{number}"
        self.space = f"{space}-{number}"
        self.address = f"{NETWORK}.{20 + number}"
        self.data = f"{folder}/{self.name}"
        self.log = f"{folder}/{self.name}.log"
        self.process = None
        self.stopped = False

    def inside(self, *words):
        return ["nsenter", f"--net=/run/netns/{self.space}", "--", *words]

    def run(self, *words, check=True):
        return run(*self.inside(*words), check=check)

    def alive(self):
        return self.process is not None and self.process.poll() is None


class Cluster:
    def __init__(self, programs, folder, space, flags=()):
        self.programs, self.folder, self.space, self.flags = programs, folder, space, list(flags)
        self.servers = {}
        self.context = None

    def serving(self):
        """The machines that are servers, in the order they came."""
        return [one for one in self.servers.values() if one.role == "server"]

    def working(self):
        return [one for one in self.servers.values() if one.role == "worker"]

    # ---- machines

    def add_machine(self, number, role="server"):
        server = Server(number, self.space, self.folder, role)
        run("ip", "netns", "add", server.space)
        run("ip", "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", server.space)
        run("ip", "link", "set", f"port{number}", "master", "node0", "up")
        server.run("ip", "link", "set", "lo", "up")
        server.run("ip", "addr", "add", f"{server.address}/24", "dev", "eth0")
        server.run("ip", "link", "set", "eth0", "up")
        server.run("ip", "route", "add", "default", "via", f"{NETWORK}.1", "dev", "eth0")
        self.servers[number] = server
        return server

    def start(self, server, *flags):
        words = [f"{self.programs}/actord", "--data-dir", server.data, "--node-name", server.name, "--roles", server.role]
        if server.role == "server":
            words += ["--listen", f"{server.address}:6443", "--rpc-listen", f"{server.address}:7443", *self.flags]
        words += flags
        with open(server.log, "a") as log:
            server.process = subprocess.Popen(server.inside(*words), stdout=log, stderr=log)
        server.stopped = False

    def begin(self, count):
        """A cluster of `count` servers; returns when every one is ready."""
        first = self.add_machine(1)
        self.start(first)
        self.wait_ready(first)
        self.context = self.make_context(first)
        for number in range(2, count + 1):
            self.join(self.add_machine(number))
        for server in self.servers.values():
            self.wait_ready(server, 60)
        self.wait_until("every server votes", 60, lambda: self.metric(first, "actord_store_voters") == count)

    def join(self, server):
        helper = next(one for one in self.serving() if one is not server and one.alive())
        token = self.actctl(helper, "token", "create", "--roles", server.role, "-o", "token").strip()
        self.start(server, "--join", f"{helper.address}:6443", "--token", token)

    def remove_machine(self, server):
        run("ip", "netns", "del", server.space, check=False)
        run("ip", "link", "del", f"port{server.number}", check=False)
        if server.role == "server":  # a worker's is for `actord reset`: pods may run there
            shutil.rmtree(server.data, ignore_errors=True)
        del self.servers[server.number]

    def end(self):
        for server in list(self.servers.values()):
            if server.alive():
                server.process.send_signal(signal.SIGCONT)
                server.process.kill()
                server.process.wait()
            self.remove_machine(server)

    # ---- faults

    def kill(self, server):
        server.process.kill()
        server.process.wait()

    def pause(self, server):
        server.process.send_signal(signal.SIGSTOP)
        server.stopped = True

    def resume(self, server):
        server.process.send_signal(signal.SIGCONT)
        server.stopped = False

    def cut(self, server, others, way="both"):
        """Drops what comes to `server` from the others, what goes there, or both."""
        for other in others:
            if way in ("both", "in"):
                server.run("iptables", "-w", "-A", "INPUT", "-s", other.address, "-j", "DROP")
            if way in ("both", "out"):
                server.run("iptables", "-w", "-A", "OUTPUT", "-d", other.address, "-j", "DROP")

    def heal(self):
        for server in self.servers.values():
            server.run("iptables", "-w", "-F", check=False)

    # ---- questions

    def make_context(self, server):
        """TLS as the administrator, who is known to every server by certificate."""
        context = ssl.create_default_context(cafile=f"{server.data}/pki/ca.crt")
        context.check_hostname = False
        context.load_cert_chain(f"{server.data}/pki/admin.crt", f"{server.data}/pki/admin.key")
        return context

    def connect(self, server, timeout):
        return http.client.HTTPSConnection(server.address, 6443, timeout=timeout, context=self.context)

    def ask(self, server, method, path, body=None, timeout=10, content_type="application/json"):
        connection = self.connect(server, timeout)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {"content-type": content_type})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def is_ready(self, server):
        if not server.alive():
            with open(server.log) as log:
                raise SystemExit(f"{server.name} ended:\n" + "".join(log.readlines()[-20:]))
        try:
            connection = http.client.HTTPSConnection(server.address, 6443, timeout=2,
                                                     context=ssl._create_unverified_context())
            connection.request("GET", "/readyz")
            ready = connection.getresponse().status == 200
            connection.close()
            return ready
        except (OSError, http.client.HTTPException):
            return False

    def wait_ready(self, server, seconds=30):
        self.wait_until(f"{server.name} to be ready", seconds, lambda: self.is_ready(server))

    @staticmethod
    def wait_until(what, seconds, condition):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f"waited {seconds} s in vain for {what}")
            time.sleep(0.02)

    def actctl(self, server, *words):
        environment = dict(os.environ, KUBECONFIG=f"{server.data}/admin.kubeconfig")
        done = subprocess.run(server.inside(f"{self.programs}/actctl", *words), env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError(f"actctl {' '.join(words)}: {done.stderr}")
        return done.stdout

    def metric(self, server, name):
        """A number of /metrics; None when the server does not answer."""
        try:
            status, text = self.ask(server, "GET", "/metrics", timeout=2)
        except (OSError, http.client.HTTPException):
            return None
        found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE) if status == 200 else None
        return float(found.group(1)) if found else None

    def leader(self):
        """The server that says that it leads, in the newest term; None when none does."""
        best, term = None, -1
        for server in self.serving():
            if not server.alive() or server.stopped or self.metric(server, "actord_store_leading") != 1:
                continue
            at = self.metric(server, "actord_store_term") or 0
            if at > term:
                best, term = server, at
        return best

    def wait_leader(self, seconds=15):
        found = []

        def look():
            found[:] = [one for one in [self.leader()] if one is not None]
            return bool(found)

        self.wait_until("a leader", seconds, look)
        return found[0]
