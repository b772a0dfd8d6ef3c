#!/usr/bin/python3
"""clocks-test - the real agent on boot clocks that start anew or elsewhere, in time namespaces.

A reboot is another boot time and another boot id; a container that is moved is another boot time alone. What an agent
waited for by itself is void then; what a server asked for goes by the wall clock and holds.
Alone: tests/e2e/clocks-test.py [PART-OF-A-NAME]
"""
import os, subprocess, uuid
import faults
from faults import MINUTE, SECOND, check
from fplab import Process, program

FAR = 1_000_000  # seconds
clocks = faults.Table('clocks', 'reboot/smaller', 'reboot/larger', 'same-boot/smaller', 'same-boot/larger',
                      'namespace/goes-on')
SCRIPT = 'on POST /inbox/busy: 503 retry-after=1200\non POST /inbox/gone: 404'


def refused(offset):
    """None where the kernel lets us have a clock of our own."""
    done = subprocess.run(boot(offset, None) + ['true'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return f'no time namespace: {done.stderr.strip()}' if done.returncode else None


def boot(offset, boot_id):
    """What to put before a command: a boot clock that is @offset seconds ahead, and a boot id of its own."""
    words = ['unshare', '--time', '--boottime', str(offset), '--monotonic', str(offset)]
    if not boot_id:
        return words + ['--']
    return words + ['--mount', '--', 'sh', '-ec', 'mount --bind "$0" /proc/sys/kernel/random/boot_id; exec "$@"', boot_id]


def start(place, offset, boot_id=None):
    place.agent = Process(boot(offset, boot_id) + [program('fieldpost-agent'), '--verbose', '--no-tray'],
                          {'FIELDPOST_DATA': place.store.folder, 'FIELDPOST_LINK': 'nm'})
    place.agent.wait_line('sender lock', 60)
    place.agent.wait_line('link full', 60)


def new_boot_id(place):
    path = os.path.join(place.folder, str(uuid.uuid4()))
    with open(path, 'w') as f:
        f.write(os.path.basename(path) + '\n')
    return path


def goes_on(place, after):
    """Two items wait, one by itself and one because a server said so, and the clock becomes another one."""
    gone = place.send('/inbox/gone')
    told_gone = place.wait(gone, state='failed')
    check(told_gone['next_try'] - told_gone['last_try'] >= 15 * MINUTE, 'no slow try')
    busy = place.send('/inbox/busy')
    told = place.wait(busy, attempts=1, state='pending')
    place.agent.stop()
    place.behave(SCRIPT.splitlines()[0])
    start(place, *after)
    # The own wait went with its clock: neither for ever nor a thousand times.
    place.wait_stored(gone)
    beside = place.send('/inbox/beside')
    now = place.item(busy['id'])
    check(now['attempts'] == 1 and now['next_try'] == told['next_try'], f'the server\'s wait: {told}, now {now}')
    place.recover(busy, beside)
    check(place.item(gone['id'])['attempts'] == 2, 'more than one try')


def run(place, before, after, reboot):
    why = refused(before) or refused(after)
    if why:
        return why
    place.agent = None
    ids = [new_boot_id(place), new_boot_id(place)] if reboot else [None, None]
    # The first start clears the waits, and none within ten minutes does: what is left is the clock's doing.
    start(place, before, ids[0])
    goes_on(place, (after, ids[1]))
    return None


@clocks.test('reboot/smaller', SCRIPT, agent=False)
def waits_of_the_last_boot_are_void(place):
    return run(place, FAR, 0, True)


@clocks.test('reboot/larger', SCRIPT, agent=False)
def waits_of_the_last_boot_are_void(place):
    return run(place, 0, FAR, True)


@clocks.test('same-boot/smaller', SCRIPT, agent=False)
def waits_of_another_clock_are_void(place):
    return run(place, FAR, 0, False)


@clocks.test('same-boot/larger', SCRIPT, agent=False)
def waits_of_another_clock_are_void(place):
    return run(place, 0, FAR, False)


@clocks.test('namespace/goes-on', 'on POST first 1: 503 retry-after=3', agent=False)
def timers_run_out(place):
    """An agent that lives in a namespace, and is started again in the same one, goes on where it was."""
    why = refused(FAR)
    if why:
        return why
    start(place, FAR)
    item = place.send()
    sent = place.wait_stored(item)
    check(sent['last_try'] - sent['created'] >= 3 * SECOND, 'tried too soon')
    place.behave('on POST: 404')
    gone = place.send()
    place.wait(gone, state='failed')
    place.agent.stop()
    place.behave()
    start(place, FAR)
    place.wait_stored(place.send('/inbox/beside'))
    check(place.item(gone['id'])['attempts'] == 1, 'a wait of the same clock was thrown away')
    place.recover(gone)
    return None


clocks.run()
