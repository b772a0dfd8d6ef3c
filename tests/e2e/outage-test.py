#!/usr/bin/python3
"""outage-test - the whole path, by real programs, behind a real NetworkManager (or its stand-in).

Each test has a receiver and a store of its own. The agent's --verbose lines say when something happened, the receiver's
folder says what arrived. Alone: tests/e2e/outage-test.py [PART-OF-A-NAME]
"""
import os, subprocess, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
import fplab
fplab.in_lab('--net', '--bus')
import outage
from fplab import Failed, until, world

MOST_MS = 2000  # from "usable" to the first byte


def check(condition, what):
    if not condition:
        raise Failed(what)


def stored_once(place, *items):
    """The receiver's folder has each of them exactly once, and nothing else."""
    keys = sorted(e['instance_id'] if 'instance_id' in e else e['key'] for e in place.receiver.events('stored'))
    wanted = sorted(i['instance_id'] or i['uid'] for i in items)
    check(keys == wanted, f'stored {keys}, wanted {wanted}')
    folders = [n for n in os.listdir(place.receiver.folder) if not n.startswith('.')]
    check(len(folders) == len(wanted), f'{len(folders)} folders for {len(wanted)} items')


def go(place, network, known_as=None):
    """Changes the world and waits until the agent has heard of it; returns where its next lines begin."""
    told = len(place.agent.read())
    world(network)
    place.agent.wait_line(f'link {known_as or network}', after=told)
    return told


def with_place(test):
    def run():
        world('full')
        place = outage.Place()
        try:
            test(place)
            place.end()
        finally:
            place.kill()
    run.__doc__ = test.__doc__
    return run


def nothing_goes(place, *items):
    """Sync Now cannot help: no attempt is made, no try used up."""
    place.store.run('sync', status=None)
    # A round trip through the agent: what it wanted to do at once it has done.
    status = place.store.status()
    check(status['waiting'] == len(items), f'{status["waiting"]} waiting, not {len(items)}')
    for item in items:
        now = place.item(item['id'])
        check(now['attempts'] == 0 and now['state'] == 'pending', f'item {now["id"]}: {now["state"]}, '
              f'{now["attempts"]} attempts')
    check(not place.receiver.events(), 'the receiver got something')


def says(place, state):
    """The status is the same everywhere within a second."""
    until(lambda: place.store.status()['state'] == state, f'status {state}', 1)


def goes_fast(place, told, *items):
    for item in items:
        match, _ = place.agent.wait_line(rf'sent {item["id"]} .*first byte (\d+) ms', after=told)
        check(int(match[1]) <= MOST_MS, f'first byte after {match[1]} ms')
        receipt = place.wait_sent(item['id']).get('receipt')
        check(receipt and 200 <= receipt['status'] < 300, f'receipt {receipt}')
    stored_once(place, *items)


@with_place
def offline(place):
    place.start_agent()
    go(place, 'offline')
    items = [place.submit(), place.request()]
    nothing_goes(place, *items)
    goes_fast(place, go(place, 'full'), *items)


@with_place
def portal(place):
    place.start_agent()
    go(place, 'portal')
    items = [place.submit(), place.request()]
    nothing_goes(place, *items)
    says(place, 'portal')
    goes_fast(place, go(place, 'full'), *items)


@with_place
def lan(place):
    """Without the internet what is on the local network goes all the same."""
    place.start_agent()
    go(place, 'limited')
    item = place.store.json('add', '--json', '{}', '--reach', 'lan', place.receiver.url + '/inbox/lan')
    place.wait_sent(item['id'])
    stored_once(place, item)


@with_place
def limited(place):
    """Without the internet nothing goes to a public server, and the status says why."""
    place.start_agent()
    go(place, 'limited')
    items = [place.submit(), place.request()]
    nothing_goes(place, *items)
    says(place, 'offline')
    check('does not reach the internet' in place.store.run('status'), 'the status does not say why')
    goes_fast(place, go(place, 'full'), *items)


@with_place
def one_after_the_other(place):
    """Full, offline, portal, limited, full: what was queued in each goes at the end, once."""
    place.start_agent()
    items = [place.request()]
    place.wait_sent(items[0]['id'])
    for network in ('offline', 'portal', 'limited'):
        go(place, network)
        items.append(place.request())
    check(place.store.status()['waiting'] == 3, 'not 3 waiting')
    go(place, 'full')
    for item in items:
        check(place.wait_sent(item['id'])['attempts'] == 1, f'item {item["id"]}: not one attempt')
    stored_once(place, *items)


def large(place):
    path = os.path.join(place.folder, 'large')
    with open(path, 'wb') as f:
        f.write(os.urandom(2 << 20))
    return place.store.json('upload', path, place.receiver.url + '/inbox/large', '--reach', 'public')


@with_place
def metered(place):
    """A small request goes; a large one waits for a network that costs nothing, or for Sync Now."""
    place.start_agent()
    world('metered', 'yes')
    first, small = large(place), place.request()
    place.wait_sent(small['id'])
    item = until(lambda: (lambda i: i if i['reason_code'] == 'metered' else None)(place.item(first['id'])), 'a reason')
    check(item['state'] == 'pending' and item['attempts'] == 0, f'{item["state"]}, {item["attempts"]} attempts')
    world('metered', 'no')
    place.wait_sent(first['id'])

    world('metered', 'yes')
    second = large(place)
    until(lambda: place.item(second['id'])['reason_code'] == 'metered', 'a reason')
    place.store.run('sync')
    place.wait_sent(second['id'])
    world('metered', 'no')
    stored_once(place, first, small, second)


@with_place
def paused(place):
    place.start_agent()
    place.store.run('pause')
    item = place.submit()
    until(lambda: place.store.status()['state'] == 'paused', 'the status says paused', 1)
    nothing_goes(place, item)
    place.store.run('resume')
    place.wait_sent(item['id'])
    stored_once(place, item)


@with_place
def nm_killed(place):
    """NetworkManager dies: nobody knows, so it is tried. It comes back: it is believed again."""
    place.start_agent()
    told = len(place.agent.read())
    world('nm', 'kill')
    first = place.submit()
    place.wait_sent(first['id'])
    world('nm', 'start')
    world('full')
    told = len(place.agent.read())
    world('offline')
    place.agent.wait_line('link offline', after=told)
    second = place.submit(code='WP0500')
    until(lambda: place.store.status()['waiting'] == 1, '1 waiting')
    check(place.item(second['id'])['attempts'] == 0, 'tried while offline')
    go(place, 'full')
    place.wait_sent(second['id'])
    stored_once(place, first, second)


@with_place
def nm_killed_offline(place):
    """NetworkManager dies while the cable is out: what waits goes once it is back and says full."""
    place.start_agent()
    go(place, 'offline')
    item = place.submit()
    nothing_goes(place, item)
    world('nm', 'kill')
    world('full')
    world('nm', 'start')
    place.wait_sent(item['id'])
    stored_once(place, item)


@with_place
def server_down(place):
    """The network is there and the server is not: it is tried again, and stored once."""
    place.start_agent()
    place.receiver.close()
    place.receiver.wait_line('closed')
    item = place.submit()
    # Nobody answered: no try is used up, and the item says why it waits.
    tried = until(lambda: (lambda i: i if i['reason'] else None)(place.item(item['id'])), 'a reason to read')
    check(tried['state'] == 'pending' and tried['attempts'] == 0, f'{tried["state"]}, {tried["attempts"]} attempts')
    place.receiver.open()
    place.wait_sent(item['id'], 60)
    stored_once(place, item)


@with_place
def without_agent(place):
    """fieldpostctl sends by itself where no agent runs, and says by its status what became of it."""
    item = place.submit()
    place.store.run('sync', '--wait')
    check(place.item(item['id'])['state'] == 'sent', 'not sent')
    world('offline')
    place.submit(code='WP0501')
    place.store.run('sync', '--wait', '--timeout', '3', status=3)
    stored_once(place, item)
    world('full')
    place.store.run('sync', '--wait')
    check(len(place.receiver.events('stored')) == 2, 'not both stored')


@with_place
def agent_killed(place):
    """Killed while items wait, and again when they may go: each arrives once."""
    agent = place.start_agent()
    go(place, 'offline')
    items = [place.submit(code=f'WP06{n:02}') for n in range(5)]
    agent.kill()
    place.start_agent('offline')
    world('full')
    place.agent.wait_line('link full')
    place.agent.kill()
    place.start_agent()
    for item in items:
        place.wait_sent(item['id'])
    stored_once(place, *items)


@with_place
def one_count(place):
    """The bus and the command line tell the same."""
    place.start_agent()
    go(place, 'offline')
    for n in range(3):
        place.submit(code=f'WP07{n:02}')

    def on_bus():
        return subprocess.run(
            ['gdbus', 'call', '--session', '--dest', 'io.github.fieldpost.Fieldpost.Agent', '--object-path',
             '/io/github/fieldpost/Fieldpost/Agent', '--method', 'org.freedesktop.DBus.Properties.Get',
             'io.github.fieldpost.Fieldpost.Agent', 'Pending'], text=True, stdout=subprocess.PIPE).stdout
    until(lambda: '<uint32 3>' in on_bus(), '3 pending on the bus', 1)
    check(place.store.status()['waiting'] == 3, 'not 3 waiting')


TESTS = [('/e2e/offline/waits-then-goes-at-once', offline), ('/e2e/portal/nothing-sent', portal),
         ('/e2e/limited/local-server-is-reached', lan), ('/e2e/limited/nothing-sent', limited),
         ('/e2e/networks/one-after-the-other', one_after_the_other), ('/e2e/metered/large-ones-wait', metered),
         ('/e2e/pause/nothing-sent', paused),
         ('/e2e/networkmanager/killed-and-back', nm_killed),
         ('/e2e/networkmanager/killed-while-offline', nm_killed_offline),
         ('/e2e/server/down-then-up', server_down), ('/e2e/command-line/sends-without-agent', without_agent),
         ('/e2e/agent/killed-and-back', agent_killed), ('/e2e/status/one-count-everywhere', one_count)]
print(f'# network: {os.environ["FP_LAB_NET"]}')
fplab.Tap(*[t for t in TESTS if len(sys.argv) < 2 or sys.argv[1] in t[0]])
