#!/usr/bin/python3
"""bench-rest — memory and wake-ups of the agent at rest: 60 s after one delivery over https.

The reference is a program that links the same libraries, made one https request and rests. The server's certificate is
trusted in a mount namespace of our own, so that nothing of the machine changes.
"""
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import benchlib

REST_S = int(os.environ.get('FP_BENCH_REST', '60'))
TRUST = '/etc/ssl/certs/ca-certificates.crt'


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.server.posts += 1
        self.send_response(201)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(folder):
    key, certificate = os.path.join(folder, 'key.pem'), os.path.join(folder, 'certificate.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate,
                    '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
                   check=True, capture_output=True)
    server = HTTPServer(('127.0.0.1', 0), Handler)
    server.posts = 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(TRUST) as system, open(certificate) as ours, open(os.path.join(folder, 'trust.pem'), 'w') as both:
        both.write(system.read() + ours.read())
    subprocess.run(['mount', '--bind', both.name, TRUST], check=True)
    return server, f'https://127.0.0.1:{server.server_address[1]}/report'


def memory(pid):
    with open(f'/proc/{pid}/smaps_rollup') as rollup:
        text = rollup.read()
    return [int(re.search(rf'^{name}:\s+(\d+) kB', text, re.M).group(1)) / 1024 for name in ('Private_Dirty', 'Pss')]


def switches(pid):
    """Voluntary context switches of all its threads."""
    count = 0
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/status') as status:
            count += int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', status.read(), re.M).group(1))
    return count


def watch_wakeups(pid, seconds):
    """Tenths of a second in which any thread ran, those that follow each other being one: a wake-up of the machine."""
    times, before, busy = [], switches(pid), False
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        time.sleep(0.1)
        now = switches(pid)
        if now != before and not busy:
            times.append(time.monotonic() - start)
        busy, before = now != before, now
    return times


def rest(argv, env, server):
    before = server.posts
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while server.posts == before:
        assert time.monotonic() < end and process.poll() is None, f'{argv[0]} sent nothing'
        time.sleep(0.05)
    time.sleep(2)
    wakeups = watch_wakeups(process.pid, REST_S)
    print(f'{os.path.basename(argv[0])} woke up at', ' '.join(f'{t:.1f}' for t in wakeups), 's', flush=True)
    figures = memory(process.pid) + [len(wakeups) * 60 / REST_S]
    process.terminate()
    process.wait()
    return figures


def measure():
    with tempfile.TemporaryDirectory(prefix='fieldpost-bench-') as folder:
        server, url = serve(folder)
        store = os.path.join(folder, 'store')
        env = dict(os.environ, FIELDPOST_DATA=store, FIELDPOST_SECRETS='file')
        subprocess.run([benchlib.program('fieldpostctl'), 'add', '--json', '{}', url], env=env, check=True,
                       capture_output=True)
        agent = rest([benchlib.program('fieldpost-agent'), '--no-tray'], env, server)
        empty = rest([benchlib.tool('bench-empty'), url], env, server)
        for name, unit, a, b in zip(('private dirty', 'PSS', 'wake-ups'), ('MiB', 'MiB', 'a minute'), agent, empty):
            benchlib.report(f'agent at rest, {name}', a, b, unit, b / a if a else 1)


benchlib.needs('openssl', 'unshare', 'dbus-run-session')
if len(sys.argv) == 1:
    if os.geteuid() != 0:
        benchlib.skip('needs root, for a mount namespace')
    sys.exit(subprocess.run(['unshare', '--mount', 'dbus-run-session', '--', sys.executable, __file__, 'inside']).returncode)
measure()
