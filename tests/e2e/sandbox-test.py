#!/usr/bin/python3
"""sandbox-test - what a program in a sandbox may and may not do over the bus (5.4), by real processes in one.

A sandbox is a mount namespace with /.flatpak-info at its root, by which the agent knows it. The caller is gdbus, and a
worker that owns a name and answers. Alone: tests/e2e/sandbox-test.py [PART-OF-A-NAME]
"""
import os, subprocess, tempfile
import faults
from faults import check, until, world
from fplab import Process

AGENT = 'io.github.fieldpost.Fieldpost.Agent'
APP, HOST = 'org.example.App', 'org.example.Host'
# Everything that is at the root, but in a root of its own.
ENTER = '''cd "$0"; mount -t tmpfs tmpfs .; printf %s "$1" > .flatpak-info; shift
for there in /*; do
  here=${there#/}
  if [ -L "$there" ]; then ln -s "$(readlink "$there")" "$here"
  elif [ -d "$there" ]; then mkdir "$here"; mount --rbind "$there" "$here"; fi
done
exec chroot . "$@"'''
WORKER = '''
import sys
from gi.repository import Gio, GLib
app, name, loop = sys.argv[1], 'io.github.fieldpost.Fieldpost.Agent', GLib.MainLoop()
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
def fired(bus, sender, path, interface, signal, told):
    print('fired', told[0], flush=True)
    bus.call_sync(name, '/' + name.replace('.', '/'), name, 'SyncDone', GLib.Variant('(sb)', (told[0], True)), None, 0, -1)
    print('answered', flush=True)
bus.signal_subscribe(None, name, 'SyncFired', None, None, 0, fired)
Gio.bus_own_name_on_connection(bus, app, 0, lambda *_: print('owned', flush=True), None)
loop.run()
'''

sandbox = faults.Table('sandbox', 'tags/own-names', 'tags/own-bus-name', 'tags/not-of-others', 'tags/told-and-answers',
                       'jobs/own-names', 'jobs/not-of-others', 'caller/unknown', 'caller/host')


def inside(place, *argv, info=f'[Application]\nname={APP}\n'):
    root = tempfile.mkdtemp(dir=place.folder)
    return ['unshare', '--mount', '--', 'sh', '-ec', ENTER, root, info, *argv]


def call(place, method, *arguments, sandboxed=True, **more):
    """Returns the answer, or None and what the error said in @place.error."""
    argv = ['gdbus', 'call', '--session', '--dest', AGENT, '--object-path', '/' + AGENT.replace('.', '/'), '--method',
            f'{AGENT}.{method}', *arguments]
    done = subprocess.run(inside(place, *argv, **more) if sandboxed else argv, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    place.error = done.stderr
    return None if done.returncode else done.stdout


def may(place, method, *arguments, **more):
    answer = call(place, method, *arguments, **more)
    check(answer is not None, f'{method} {arguments}: {place.error}')
    return answer


def may_not(place, why, method, *arguments, **more):
    check(call(place, method, *arguments, **more) is None, f'{method} {arguments} is allowed')
    check(why in place.error and 'Refused' in place.error, place.error)


def registered(place):
    """Tag and whom to tell, as the machine sees it."""
    return {tag['tag']: tag.get('bus_name') for tag in place.store.json('tag', 'list')}


def test(cell):
    """On a machine without a network, so that nothing that was registered ends by itself."""
    def decorate(function):
        def run(place):
            try:
                subprocess.run(inside(place, 'true'), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            except subprocess.CalledProcessError as e:
                return f'no mount namespace: {e.stderr.decode().strip()}'
            world('offline')
            place.agent.wait_line('link offline', 60)
            function(place)
            return None
        run.__name__ = function.__name__
        return sandbox.test(cell)(run)
    return decorate


@test('tags/own-names')
def with_the_app_before_them(place):
    may(place, 'RegisterSync', 'backup', '')
    check(registered(place).get(f'{APP}/backup') == APP, f'{registered(place)}')
    may(place, 'UnregisterSync', 'backup')
    check(f'{APP}/backup' not in registered(place), 'still there')


@test('tags/own-bus-name')
def no_other_program_is_started(place):
    may(place, 'RegisterSync', 'a', f'{APP}.Worker')
    for name in (HOST, APP + 'le', 'org.example', AGENT):
        may_not(place, 'does not belong to', 'RegisterSync', 'b', name)
    check(registered(place) == {f'{APP}/a': f'{APP}.Worker'}, f'{registered(place)}')


@test('tags/not-of-others')
def neither_ended_nor_answered(place):
    may(place, 'RegisterSync', 'backup', HOST, sandboxed=False)
    for name in ('backup', f'{APP}/../backup', HOST):
        call(place, 'UnregisterSync', name)
        check(call(place, 'SyncDone', name, 'true') is None, f'{name} was answered')
    check(registered(place) == {'backup': HOST}, f'{registered(place)}')


@test('tags/told-and-answers')
def by_its_own_name(place):
    may(place, 'RegisterSync', 'backup', '')
    worker = Process(inside(place, '/usr/bin/python3', '-c', WORKER, APP))
    spy = Process(['/usr/bin/python3', '-c', WORKER, HOST])
    try:
        for process in (worker, spy):
            process.wait_line('owned', 60)
        world('full')
        worker.wait_line('^fired backup$', 60)
        worker.wait_line('answered', 60)
        until(lambda: not registered(place), 'the end of the registration', 60)
        check(not [line for line in spy.read() if line.startswith('fired')], 'told to others, too')
    finally:
        worker.kill()
        spy.kill()


@test('jobs/own-names')
def with_the_app_before_them(place):
    may(place, 'PeriodicRegister', 'job', '3600', '')
    may(place, 'PeriodicRegister', 'secret', '3600', HOST, sandboxed=False)
    names = {job['name'] for job in place.store.json('periodic', 'list')}
    check({f'{APP}/job', 'secret'} <= names, f'{names}')
    seen = may(place, 'PeriodicList')
    check("<'job'>" in seen and 'secret' not in seen, seen)
    may(place, 'PeriodicUnregister', 'job')
    check(f'{APP}/job' not in {job['name'] for job in place.store.json('periodic', 'list')}, 'still there')


@test('jobs/not-of-others')
def nor_those_of_fieldpost(place):
    may(place, 'PeriodicRegister', 'daily-sync', '0', '', sandboxed=False)
    may(place, 'PeriodicRegister', 'secret', '3600', HOST, sandboxed=False)
    for method in ('PeriodicUnregister', 'PeriodicRun'):
        may_not(place, 'is a job of Fieldpost', method, 'daily-sync')
        call(place, method, 'secret')
    may_not(place, 'does not belong to', 'PeriodicRegister', 'other', '3600', HOST)
    names = {job['name']: job for job in place.store.json('periodic', 'list')}
    check({'daily-sync', 'secret'} <= set(names) and not names['secret'].get('last_run'), f'{names}')


@test('caller/unknown')
def may_nothing(place):
    """A sandbox whose name cannot be read is not taken for the host."""
    for info in ('', '[Application]\nname=../../x\n', '[Runtime]\nname=org.example.App\n'):
        may_not(place, 'who calls cannot be told', 'RegisterSync', 'a', '', info=info)
        may_not(place, 'who calls cannot be told', 'PeriodicList', info=info)
    check(not registered(place), f'{registered(place)}')


@test('caller/host')
def has_names_without_a_prefix(place):
    may(place, 'RegisterSync', 'backup', '', sandboxed=False)
    check(registered(place) == {'backup': None}, f'{registered(place)}')


sandbox.run()
