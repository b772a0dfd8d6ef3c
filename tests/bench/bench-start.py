#!/usr/bin/python3
"""bench-start — from the start of the agent to its first request, with 100,000 items waiting and with one.

The server refuses everything after the first answer by not being asked again: the agent is killed. Also fieldpostctl
status, from start to exit. The reference is the same with one item: the ratio says what 100,000 others cost.
"""
import os
import subprocess
import time

import benchlib

ROUNDS = 5


def time_agent(store, server):
    before = server.count()
    env = dict(os.environ, FIELDPOST_DATA=store, FIELDPOST_LINK='monitor', FIELDPOST_SECRETS='file',
               DBUS_SESSION_BUS_ADDRESS='disabled:')
    began = time.monotonic()
    agent = subprocess.Popen([benchlib.program('fieldpost-agent'), '--no-tray'], env=env, stderr=subprocess.DEVNULL)
    while server.count() == before:
        assert time.monotonic() - began < 60, 'the agent sends nothing'
        time.sleep(0.0005)
    took = time.monotonic() - began
    agent.kill()
    agent.wait()
    return took * 1000


def time_status(store):
    env = dict(os.environ, FIELDPOST_DATA=store, DBUS_SESSION_BUS_ADDRESS='disabled:')
    return 1000 * benchlib.timed([benchlib.program('fieldpostctl'), 'status'], env=env, stdout=subprocess.DEVNULL)


def measure(n):
    agent, status = [], []
    with benchlib.folder() as folder, benchlib.Server() as server:
        store = os.path.join(folder, 'store')
        benchlib.fill(store, server.url + '/report', n)
        for _ in range(ROUNDS):
            status.append(time_status(store))
            agent.append(time_agent(store, server))
            if n == 1:
                benchlib.fill(store, server.url + '/report', n)
    return benchlib.median(agent), benchlib.median(status)


one, many = measure(1), measure(100_000)
benchlib.report('agent to the first request, 100,000 waiting', many[0], one[0], 'ms', one[0] / many[0])
benchlib.report('fieldpostctl status, 100,000 waiting', many[1], one[1], 'ms', one[1] / many[1])
