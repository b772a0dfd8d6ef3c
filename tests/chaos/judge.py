"""judge - what must be true after a chaos run: of the store, the receiver's folder and what the writers were told."""
import datetime, glob, hashlib, json, os, re, sqlite3, subprocess
import xml.etree.ElementTree as ET

STATES = {1: 'pending', 2: 'sending', 3: 'failed', 4: 'held', 5: 'discarded', 6: 'sent'}
WAY_MS = 1000  # from the agent to the receiver's folder, and from there to the agent's receipt, each at most
LOSES_ANSWER = re.compile(r'after-accept|cut-answer')


def sha_of(path):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()


def later(when, ms):
    return (datetime.datetime.fromisoformat(when.rstrip('Z')) + datetime.timedelta(milliseconds=ms)).isoformat() + 'Z'


def some(things, most=5):
    things = list(things)
    return f'{len(things)}: ' + ', '.join(str(t) for t in things[:most]) + (', …' if len(things) > most else '')


class Arrival:
    """A folder of the receiver; its hashes are of what is on disk."""

    def __init__(self, folder):
        with open(os.path.join(folder, 'meta.json')) as f:
            meta = json.load(f)
        self.folder = folder
        self.name = meta.get('instance_id') or meta.get('key')
        self.time = meta['time']  # when it was whole
        self.shas = sorted([sha_of(os.path.join(folder, f['file'])) for f in meta['files']]
                           + [hashlib.sha256(f['value'].encode()).hexdigest() for f in meta.get('fields', [])])
        self.remarks, self.events = None, []
        if meta.get('instance_id'):
            root = ET.parse(os.path.join(folder, 'submission.xml')).getroot()
            self.remarks = next((e.text for e in root.iter() if e.tag.rpartition('}')[2] == 'remarks'), None)
        elif meta['path'].endswith('/events'):
            with open(os.path.join(folder, meta['files'][0]['file'])) as f:
                self.events = [e['event'] for e in json.load(f)['events']]


    def begun(self):
        """When its folder was made: a busy receiver still stores what a dead agent sent."""
        birth = subprocess.run(['stat', '-c', '%w', self.folder], stdout=subprocess.PIPE, text=True, check=True,
                               env={**os.environ, 'TZ': 'UTC'}).stdout
        # "2026-11-22 23:47:29.764558403 +0000", or "-" where the file system does not know.
        return birth[:26].replace(' ', 'T') + 'Z' if birth[0].isdigit() else self.time


class Item:
    def __init__(self, row, parts):
        self.id, self.uid, self.instance_id, self.state, self.reason, self.attempts, self.receipt = row
        self.name = self.instance_id or self.uid
        self.shas = sorted(sha or hashlib.sha256(data).hexdigest() for sha, data in parts)

    def __str__(self):
        return f'#{self.id} {STATES[self.state]} {self.reason or ""} after {self.attempts}'


def open_store(folder):
    return sqlite3.connect(f'file:{folder}/fieldpost.db?mode=ro', uri=True)


def waiting_events(folder):
    """Events that wait to be frozen are no items yet."""
    db = open_store(folder)
    try:
        return db.execute('SELECT count(*) FROM event').fetchone()[0]
    finally:
        db.close()


class Evidence:
    def __init__(self, store, received, logs):
        db = open_store(store)
        parts = {}
        for item, sha, data in db.execute('SELECT item, sha256, data FROM item_part ORDER BY item, position'):
            parts.setdefault(item, []).append((sha, data))
        self.items = [Item(row, parts.get(row[0], [])) for row in db.execute(
            'SELECT i.id, i.uid, i.instance_id, i.state, i.reason_code, i.attempts, r.item FROM item i '
            'LEFT JOIN receipt r ON r.item = i.id AND r.uid = i.uid')]
        self.waiting_events = [json.loads(d)['event'] for d, in db.execute('SELECT data FROM event')]
        self.integrity = [row for check in ('integrity_check', 'foreign_key_check')
                          for row in db.execute(f'PRAGMA {check}')]
        db.close()
        self.arrivals = [Arrival(os.path.dirname(p)) for p in sorted(glob.glob(received + '/[!.]*/meta.json'))]
        self.tries, self.done, self.refused = [], {}, []
        for log in logs:
            with open(log) as f:
                for line in map(json.loads, filter(lambda l: l.endswith('\n'), f)):
                    if 'try' in line:
                        self.tries.append({**line, 'log': log})
                    elif 'done' in line:
                        self.done[log, line['done']] = line['uid']
                    else:
                        self.refused.append(line)

    def copies(self):
        """Folders by identity."""
        found = {}
        for arrival in self.arrivals:
            found.setdefault(arrival.name, []).append(arrival)
        return found

    def writers_were_served(self):
        """fieldpostctl never fails: what goes on elsewhere is not its caller's trouble."""
        return [f'{line["words"]}: status {line["error"]}, {line["text"]}' for line in self.refused]

    def none_stuck(self):
        return [str(i) for i in self.items if i.state != 6] + [f'event {e}' for e in self.waiting_events]

    def all_have_receipts(self):
        return [str(i) for i in self.items if i.state == 6 and i.receipt is None]

    def store_is_sound(self):
        return [str(row) for row in self.integrity if row != ('ok',)]

    def nothing_lost(self):
        """What was acknowledged is an item; every item is at the receiver; an acknowledged event is in some batch."""
        uids, copies = {i.uid for i in self.items}, self.copies()
        events = {e for a in self.arrivals for e in a.events}
        lost = [f'{t["kind"]} {t["try"]} of {os.path.basename(t["log"])} was queued as {self.done[t["log"], t["try"]]}'
                for t in self.tries if t['kind'] != 'event' and (t['log'], t['try']) in self.done
                and self.done[t['log'], t['try']] not in uids]
        lost += [f'event {t["event"]}' for t in self.tries if t['kind'] == 'event'
                 and (t['log'], t['try']) in self.done and t['event'] not in events]
        return lost + [f'{i} is not at the receiver' for i in self.items if i.state == 6 and i.name not in copies]

    def bytes_are_equal(self):
        items = {i.name: i for i in self.items}
        return [f'{items[a.name]}: {a.folder}' for a in self.arrivals
                if a.name in items and a.shas != items[a.name].shas]

    def nothing_torn(self):
        """Every arrival is an item, and every item is wholly what somebody asked for, once."""
        names = {i.name for i in self.items}
        wanted = {tuple(t['shas']) if 'shas' in t else t.get('remarks') for t in self.tries}
        torn = [f'{a.folder}: nobody queued it' for a in self.arrivals if a.name not in names]
        seen = {}
        for arrival in {a.name: a for a in self.arrivals}.values():
            what = arrival.remarks or tuple(arrival.shas)
            if arrival.events:
                continue
            if what not in wanted:
                torn.append(f'{arrival.folder}: nobody asked for these bytes')
            if what in seen:
                torn.append(f'{arrival.folder}: queued twice, also as {seen[what]}')
            seen[what] = arrival.folder
        asked = {t['event'] for t in self.tries if t['kind'] == 'event'}
        return torn + [f'event {e}: nobody asked' for a in self.arrivals for e in a.events if e not in asked]

    def stored_once(self):
        wrong = [f'{name}: {len(c)} times' for name, c in self.copies().items() if len(c) > 1]
        events = [e for a in self.arrivals for e in a.events]
        return wrong + [f'event {e} twice' for e in sorted(set(events)) if events.count(e) > 1]

    @staticmethod
    def was_disturbed(arrival, disturbed):
        """Whether something died or broke off from the time it was sent to the time its receipt was durable."""
        sent, received = later(arrival.begun(), -WAY_MS), later(arrival.time, WAY_MS)
        return any(start <= received and sent <= end for start, end in disturbed)

    def doubles(self, faults, disturbed):
        """How many copies are too many, by cause; and those that have none.

        Each copy beyond the first needs an answer that was lost: by the script (the receiver's lines say so of the
        item), or by the end of an agent, a receiver or a connection while it was on its way (DISTURBED: from when to
        when, ISO 8601).
        """
        lost = {}
        for fault in faults:
            name = fault.get('instance_id') or fault.get('key')
            lost[name] = lost.get(name, 0) + bool(LOSES_ANSWER.search(fault['fault']))
        by_script, by_death, unexplained = 0, 0, []
        for name, copies in self.copies().items():
            copies.sort(key=lambda a: a.time)
            explained = min(lost.get(name, 0), len(copies) - 1)
            rest = len(copies) - 1 - explained
            chances = sum(self.was_disturbed(a, disturbed) for a in copies[:-1]) if rest else 0
            by_script += explained
            by_death += min(rest, chances)
            if rest > chances:
                near = [f'{start[11:23]} to {end[11:23]}' for start, end in disturbed
                        if later(copies[0].time, -10000) <= end and start <= copies[-1].time]
                seen = ', '.join(f'{a.begun()[11:23]} to {a.time[11:23]}' for a in copies)
                unexplained.append(f'{name}: copies {seen}, {explained} lost answers, {chances} chances; '
                                   f'disturbed {", ".join(near)}')
        return by_script, by_death, unexplained
