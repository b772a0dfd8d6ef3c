#!/usr/bin/python3
"""writers - queue requests and submissions as fast as they can, for the chaos run; started by it, killed by it.

  writers.py {"kind", "name", "seed", "count", "log", "store", "urls", "scratch", "gap"}

kind is "ctl" (fieldpostctl add, upload, fill, event; killed at random itself) or "bus" (Enqueue over D-Bus); gap the
seconds from one to the next, on average. Before each attempt a line {"try", "kind", "shas" | "remarks" | "event"} is
appended to the log, afterwards {"done", "uid"} if it was acknowledged. One that was killed is started again and goes
on behind its last line.
"""
import hashlib, json, os, random, subprocess, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
import fplab, outage

BUS_NAME, BUS_PATH = 'io.github.fieldpost.Fieldpost.Agent', '/io/github/fieldpost/Fieldpost/Agent'
ANSWERS = outage.as_options(outage.ANSWERS)
KILLED = 0.08  # of the runs of fieldpostctl
EVENTS = 'chaos-events'


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Writer:
    def __init__(self, options):
        self.__dict__.update(options)
        self.usual = 0.05  # seconds that fieldpostctl takes: kills fall into that time
        self.at = 0
        if os.path.exists(self.log):
            with open(self.log) as f:
                self.at = sum(line.startswith('{"try"') for line in f)
        self.random = random.Random(f'{self.seed}/{self.name}/{self.at}')
        self.out = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, **line):
        os.write(self.out, (json.dumps(line) + '\n').encode())

    def url(self):
        return self.random.choice(self.urls)

    def text(self):
        return json.dumps({'writer': self.name, 'n': self.at, 'pad': 'x' * self.random.randrange(600)})

    def file(self):
        path = os.path.join(self.scratch, f'{self.name}.bin')
        data = self.random.randbytes(self.random.choice((200, 5000, 90000, 400000)))
        with open(path, 'wb') as f:
            f.write(data)
        return path, sha(data)

    def ctl(self, *words):
        """Runs fieldpostctl and sometimes kills it along the way; what it said, if it came so far."""
        start = time.monotonic()
        process = fplab.Process([fplab.program('fieldpostctl'), *words], {'FIELDPOST_DATA': self.store})
        limit = self.random.uniform(0, 1.3 * self.usual) if self.random.random() < KILLED else 60
        try:
            process.child.wait(limit)
            self.usual += (time.monotonic() - start - self.usual) / 8
        except subprocess.TimeoutExpired:
            process.kill()
        answer, errors = '\n'.join(process.read()), process.read_errors()
        process.log.close()
        process.errors.close()
        if process.child.returncode > 0:
            self.write(error=process.child.returncode, words=words[0], text=errors[-3:])
        try:
            return json.loads(answer)
        except ValueError:
            return {} if process.child.returncode == 0 else None

    def by_add(self):
        text = self.text()
        self.write(**{'try': self.at, 'kind': 'add', 'shas': [sha(text.encode())]})
        return self.ctl('add', '--json', text, '--reach', 'public', self.url() + '/inbox/add', '--json')

    def by_file(self):
        path, digest = self.file()
        self.write(**{'try': self.at, 'kind': 'file', 'shas': [digest]})
        return self.ctl('add', '-X', 'PUT', '--data-file', path, '--reach', 'public', self.url() + '/inbox/file',
                        '--json')

    def by_upload(self):
        path, digest = self.file()
        self.write(**{'try': self.at, 'kind': 'upload', 'shas': sorted([digest, sha(self.name.encode())])})
        return self.ctl('upload', path, self.url() + '/inbox/upload', '--field', 'image', '--form',
                        f'writer={self.name}', '--reach', 'public', '--json')

    def by_fill(self):
        remarks = f'{self.name}-{self.at}'
        self.write(**{'try': self.at, 'kind': 'fill', 'remarks': remarks})
        return self.ctl('fill', outage.FORM, '--set', f'remarks={remarks}', *ANSWERS, '--submit', '--json')

    def by_event(self):
        event = f'{self.name}-{self.at}'
        self.write(**{'try': self.at, 'kind': 'event', 'event': event})
        return self.ctl('event', EVENTS, json.dumps({'event': event}), '--json')

    def by_bus(self):
        from gi.repository import Gio, GLib
        text = self.text().encode()
        self.write(**{'try': self.at, 'kind': 'bus', 'shas': [sha(text)]})
        request = {'url': GLib.Variant('s', self.url() + '/inbox/bus'), 'body': GLib.Variant('ay', text),
                   'media-type': GLib.Variant('s', 'application/json'), 'reach': GLib.Variant('s', 'public')}
        try:
            bus = Gio.bus_get_sync(Gio.BusType.SESSION)
            answer = bus.call_sync(BUS_NAME, BUS_PATH, BUS_NAME, 'Enqueue',
                                   GLib.Variant('(a{sv}ah)', (request, [])), None, 0, 20000)
        except GLib.Error:
            time.sleep(0.02)  # no agent just now
            return None
        return {'id': answer[0], 'uid': answer[1]}

    def run(self):
        ways = ([self.by_bus] if self.kind == 'bus' else
                [self.by_add] * 5 + [self.by_fill] * 3 + [self.by_file, self.by_upload] + [self.by_event] * 3)
        while self.at < self.count:
            answer = self.random.choice(ways)()
            if answer is not None:
                self.write(done=self.at, uid=answer.get('uid'))
            self.at += 1
            time.sleep(max(0, self.random.uniform(0, 2 * self.gap) - self.usual))


if __name__ == '__main__':
    Writer(json.loads(sys.argv[1])).run()
