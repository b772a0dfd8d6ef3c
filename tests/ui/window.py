#!/usr/bin/python3
"""window - the window as somebody with a keyboard and a screen reader uses it, under Xvfb, with a real agent and receiver

The network is the stand-in that the demo bar steers. Needs Xvfb, xdotool and AT-SPI; says so and skips without.
"""
import os, shutil, sys, tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))


def skip(reason):
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)


for tool in ('Xvfb', 'xdotool', 'xprop'):
    if not shutil.which(tool):
        skip(f'{tool} is not installed')
try:
    import gi
    gi.require_version('Atspi', '2.0')
    from gi.repository import Atspi
except (ImportError, ValueError):
    skip('python3-gi with AT-SPI (gir1.2-atspi-2.0) is not installed')

import fplab
if not os.path.exists(fplab.program('fieldpost')):
    skip('built without the window')
# A window manager gives the keyboard focus.
wm = next((w for w in ('xfwm4 --compositor=off', 'openbox', 'metacity') if shutil.which(w.split()[0])), None)
if not wm:
    skip('no window manager is installed (xfwm4, openbox)')
os.environ['GSK_RENDERER'] = 'cairo'
fplab.in_lab('--display', '1000x800', '--wm', wm)

import fpwindow, outage
from fplab import Failed, Tap, until
from fpwindow import Window, has, keys, text_of, type_keys, walk

REST = {'inspector': 'N. Okello', 'reason': 'routine', 'fence': 'yes', 'ways': 'yes', 'first_aid': 'yes',
        'workers': '14', 'without_helmet': '0', '/data/scaffold/present': 'no', 'hazards': 'none'}
FORM = 'site-inspection'
FIELD = '^Name of the site$'
place = outage.Place()
agent = fplab.Agent(place.store.folder, '--demo', '--no-tray')
agent.wait_line('sender lock')


def open_window(*options, **env):
    return Window(place.store.folder, '--demo', *options, env={'FIELDPOST_LINK': 'monitor', **env})


def quiet_end(window):
    """Ends it as a session does; it must have had nothing to complain about."""
    status = window.stop()
    if status or window.complaints():
        raise Failed(f'ended with {status}: ' + ' | '.join(window.complaints()[:5]))


def open_page(window, name):
    window.click(window.find('list item', f'^{name}', under=window.find('list', '^Pages$')))


def open_draft(window, title):
    open_page(window, 'Drafts')
    window.click(window.find('list item', title, under=window.find('list', '^Drafts$')))
    return window.find('text', FIELD)


def saved(window):
    return window.find('status bar', r'^Saved \d')


def the_draft(site):
    return next((d['uid'] for d in place.store.json('drafts', 'list') if site in d['title']), None)


def holds(uid, text):
    return uid and text in place.store.run('drafts', 'show', uid, '--json')


def draft_survives_kill():
    window = open_window('--form', FORM)
    field = until(lambda: (lambda o: o if o and has(o, 'FOCUSED') else None)(window.look('text', FIELD)),
                  'the first question, with the focus')
    type_keys('Harbour school')
    saved(window)
    keys('Return')
    until(lambda: has(window.find('text', '^Inspector$'), 'FOCUSED'), 'the focus on the second question after Enter')
    type_keys('Mia')
    until(lambda: holds(the_draft('Harbour'), 'Mia'), 'the second answer in the store')
    window.kill()

    window = open_window()
    field = open_draft(window, 'Harbour school')
    until(lambda: text_of(field) == 'Harbour school', 'the answer, back')
    second = window.find('text', '^Inspector$')
    until(lambda: has(second, 'FOCUSED'), 'the focus where it was')
    type_keys(' Berg')
    until(lambda: text_of(second) == 'Mia Berg', 'typing that goes on where it stopped')
    keys('ctrl+z')
    until(lambda: text_of(second) == 'Mia', 'the last edit undone')
    quiet_end(window)


def sigterm_saves():
    window = open_window()
    field = open_draft(window, 'Harbour school')
    window.write(field, 'Harbour school, east')
    quiet_end(window)
    if not the_draft('Harbour school, east'):
        raise Failed('what was typed right before SIGTERM is not in the store')


def missing_answers_are_shown():
    window = open_window()
    open_draft(window, 'Harbour school')
    window.press('push button', 'Submit$')
    window.find('label', 'missing or not right')
    first = window.find('check box', '^Routine$')
    until(lambda: has(first, 'FOCUSED'), 'the focus on the first question that lacks an answer')
    if place.store.status()['pending']:
        raise Failed('submitted although answers are missing')
    quiet_end(window)


def language_changes_labels():
    window = open_window()
    open_draft(window, 'Harbour school')
    window.click(window.find('push button', '^Language$'))
    items = until(lambda: [o for o in walk(window.app) if 'menu item' in o.get_role_name()
                           and 'Deutsch' in (o.get_name() or '')], 'the language menu')
    items[0].get_action_iface().do_action(0)
    until(lambda: window.look('text', FIELD) is None, 'labels in the other language')
    quiet_end(window)


def offline_submit_waits():
    uid = the_draft('Harbour')
    place.store.json('fill', uid, *outage.as_options(REST), '--draft')
    window = open_window()
    window.press('push button', '^Offline$')
    agent.wait_line('link offline')
    open_draft(window, 'Harbour school')
    window.press('push button', 'Submit$')
    window.find('label', "sent when you're back online")
    window.find('status bar', '^1 waiting')
    open_page(window, 'Outbox')
    window.find('label', 'Harbour school', under=window.find('list', '^Outbox$'))
    window.find('label', '^Waits: No network$', under=window.find('list', '^Outbox$'))
    window.press('push button', 'Sync Now')
    window.find('label', '^There is no network;')
    if place.receiver.events():
        raise Failed('sent without a network')

    window.press('push button', '^Discard$')
    until(lambda: place.store.status()['pending'] == 0, 'the item discarded')
    window.press('push button', 'Undo')
    until(lambda: place.store.status()['pending'] == 1, 'the item back')
    window.find('label', 'Harbour school', under=window.find('list', '^Outbox$'))
    quiet_end(window)


def online_delivers():
    window = open_window()
    window.find('status bar', '^1 waiting')
    window.press('push button', '^Offline$')
    window.press('push button', '^Online$')
    until(lambda: place.receiver.events('stored'), 'the submission at the receiver')
    open_page(window, 'Sent')
    row = window.find('label', 'Harbour school', under=window.find('list', '^Sent$'))
    window.find('label', r'^Received .* answer 201$', under=window.find('list', '^Sent$'))
    until(lambda: window.look('status bar', 'waiting') is None, 'no status when nothing waits')
    window.click(row)
    window.find('label', '^Answer of the Server$')
    window.find('label', '<data')
    quiet_end(window)


def damaged_store_is_told():
    folder = tempfile.mkdtemp(dir=os.environ['FP_LAB'])
    path = os.path.join(folder, 'fieldpost.db')
    with open(path, 'wb') as f:
        f.write(b'this is no database. ' * 500)
    with open(path, 'rb') as f:
        before = f.read()
    window = Window(folder, env={'FIELDPOST_LINK': 'monitor'})
    window.find('label', '^The Data File Is Damaged$')
    window.find('push button', 'Try Again')
    quiet_end(window)
    files = [e.path for e in os.scandir(folder) if e.is_file()]
    if not any(open(f, 'rb').read() == before for f in files):
        raise Failed('the damaged file was not kept')


Tap(('/ui/window/draft-survives-kill', draft_survives_kill),
    ('/ui/window/sigterm-saves', sigterm_saves),
    ('/ui/window/missing-answers-are-shown', missing_answers_are_shown),
    ('/ui/window/language-changes-labels', language_changes_labels),
    ('/ui/window/offline-submit-waits', offline_submit_waits),
    ('/ui/window/online-delivers', online_delivers),
    ('/ui/window/damaged-store-is-told', damaged_store_is_told))
