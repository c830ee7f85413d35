"""Whether restore drills say of each backup what is so, and leave nothing behind and nothing
of anybody else's touched. Run by .ci/drill-restores, with HEARTH the program. What there
is, is read from Cinder's database, deleted rows too: nothing that hearth says of itself
counts.
"""
import glob
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from labapi import Cloud, LAB_DIR

HEARTH, WORK = os.environ['HEARTH'], sys.argv[1]
A = Cloud('lab')
KILLS = int(os.environ.get('DRILL_KILLS', 10))
SEED = int(os.environ.get('DRILL_SEED', time.time_ns() % 10**9))
DICE = random.Random(SEED)
RUN = 'drill-%06x' % (time.time_ns() // 1000 % 2**24)
DEVICES = os.path.join(WORK, 'devices')
PREFIX = 'hearth-drill-'


def configure():
    folder = os.path.join(os.environ['XDG_CONFIG_HOME'], 'hearth')
    os.makedirs(folder)
    with open(os.path.join(folder, 'config.toml'), 'w') as f:
        f.write('''[journal]
settle_after = "20s"
[places.drill]
location = "cloud:lab"
repository = "posix:%s/backup"
[drill]
devices = ["%s/volume-{id}"]
''' % (LAB_DIR, A.volumes))


def start(*args):
    return subprocess.Popen([HEARTH, 'drill', '--place', 'drill', *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def drill(*args, codes=(0,)):
    p = start(*args, '--yes')
    out, talk = p.communicate()
    if p.returncode not in codes:
        sys.exit('hearth drill %s: exit code %d\n%s%s' % (' '.join(args), p.returncode, out[-3000:], talk[-3000:]))
    return p.returncode, out, talk


def verdicts(*args, codes=(0,)):
    """What is said of each backup, by id."""
    code, out, _ = drill(*args, '-o', 'json', codes=codes)
    return code, {d['backup_id']: d for d in json.loads(out)['drills']}


def need(ok, what):
    if not ok:
        sys.exit('not so: ' + what)
    print('ok  ', what, flush=True)


def made():
    """Each volume that a drill ever asked for: (id, name, deleted)."""
    rows = A.sql("select id, display_name, deleted from volumes where display_name like '%s%%'" % PREFIX).splitlines()
    return [r.split('\t') for r in rows if not r.split('\t')[1].endswith('decoy')]


def left():
    return [r for r in made() if r[2] == '0']


EARLIER = len(made())


def others():
    """Every other volume, and every backup: nothing of it is to change."""
    return (A.sql("select id, status, display_name, deleted from volumes where display_name not like '%s%%' or display_name like '%%decoy' "
                  "or display_name is null order by id" % PREFIX) +
            A.sql('select id, status, display_name, deleted from backups order by id')).splitlines()


def untouched(what):
    now = others()
    need(now == before, '%s %s' % (what, sorted(set(now) ^ set(before)) or ''))


def tidied(*args, within=180):
    """Drills again until nothing that earlier ones made is left."""
    until, n = time.time() + within, 0
    while True:
        n += 1
        code, _, talk = drill(*args, codes=(0, 11))
        if code == 0 and not left():
            return n
        if time.time() > until:
            sys.exit('not so: nothing is left in the end: %s\n%s' % (left(), talk[-3000:]))
        time.sleep(2)


def scribble(volume, seed, blocks=40):
    rnd = random.Random(seed)
    with open(A.path(volume), 'r+b') as f:
        size = os.path.getsize(A.path(volume))
        for _ in range(blocks):
            f.seek(rnd.randrange(size - 65536))
            f.write(rnd.randbytes(32768))


def stored(backup):
    """The chunks of a backup."""
    folder, prefix = A.sql("select container, service_metadata from backups where id = '%s'" % backup['id']).rstrip('\n').split('\t')
    return sorted(glob.glob(os.path.join(LAB_DIR, 'backup', folder, prefix + '-*')))


print('DRILL_SEED=%d, %d kills' % (SEED, KILLS), flush=True)
configure()
good = []
for i in range(5):
    v = A.volume('%s-%d' % (RUN, i), metadata={'of': RUN})
    scribble(v, i)
    good.append(A.backup(v, '%s-full-%d' % (RUN, i)))
    if i > 2:
        scribble(v, i + 100, 5)
        good.append(A.backup(v, '%s-incr-%d' % (RUN, i), incremental=True))
lost = A.volume(RUN + '-lost')
scribble(lost, 'lost')
lost = A.backup(lost, RUN + '-lost')
os.remove(stored(lost)[1])
large = A.backup(A.volume(RUN + '-large', 6), RUN + '-large')
vault = {'id': A.sql("select id from backups where display_name = 'vault-backup' and deleted = 0").strip()}
A.volume(PREFIX + 'decoy')  # somebody's, by whatever name
project = A.sess.get_project_id()
used = int(A.sql("select in_use from quota_usages where project_id = '%s' and resource = 'gigabytes' and deleted = 0" % project))
A.call('PUT', '/os-quota-sets/' + project, {'quota_set': {'gigabytes': used + 5}})
before = others()

ten = [b['id'] for b in good] + [vault['id'], lost['id'], large['id']]
began = time.time()
code, said = verdicts(*ten, '--deep', codes=(11,))
took = time.time() - began
want = {b['id']: 'proven' for b in good + [vault]}
want.update({lost['id']: 'failed', large['id']: 'refused'})
need(len(ten) == 10 and {b: d['verdict'] for b, d in said.items()} == want, 'of ten backups %s, as it is, in %.0f s' % (
    ', '.join('%d %s' % (list(want.values()).count(x), x) for x in ('proven', 'failed', 'refused')), took))
need('gigabytes' in said[large['id']]['why'].lower() or 'quota' in said[large['id']]['why'], 'the large one: ' + said[large['id']]['why'])
need(said[lost['id']]['why'], 'the one that lost a chunk: ' + said[lost['id']]['why'])
need(all(said[b['id']]['bytes_compared'] > 0 for b in good + [vault]), 'of those that are proven bytes were compared')
need(len(made()) - EARLIER == 9 and not left(), 'nine volumes were made for it, and all of them are gone')
untouched('nothing else has changed')

# A restore that Cinder calls available and that holds other bytes: another volume's, under its name.
os.mkdir(DEVICES)
over = threading.Event()


def swap():
    while not over.is_set():
        for v in left():
            link = os.path.join(DEVICES, 'volume-' + v[0])
            if not os.path.islink(link):
                os.symlink(A.path({'id': good[1]['volume_id']}), link)
        time.sleep(0.05)


watcher = threading.Thread(target=swap)
watcher.start()
try:
    _, said = verdicts(good[0]['id'], '--deep', '--device', DEVICES + '/volume-{id}', codes=(11,))
finally:
    over.set()
    watcher.join()
said = said[good[0]['id']]
need(said['verdict'] == 'differs' and not left(), 'other bytes are seen: ' + said['why'])
_, said = verdicts(good[0]['id'])
need(said[good[0]['id']]['verdict'] == 'restored', 'without --deep nothing is proven: ' + said[good[0]['id']]['not_compared_because'])

three = [b['id'] for b in good[:3]]
began = time.time()
drill(*three)
took = time.time() - began
killed = behind = 0
while killed < KILLS:
    p = start(*three, '--yes')
    time.sleep(DICE.uniform(0.05, took))
    if p.poll() is None:
        killed += 1
        p.send_signal(signal.SIGKILL)
    p.communicate()
    behind += bool(left())
    tidied(*(['--tidy'] if DICE.random() < 0.5 else three[:1]))
need(behind > 0, 'killed %d times, %d of which left a volume behind: the next one left nothing' % (killed, behind))
untouched('nothing else has changed')

# What a drill left, and somebody took for his own by another name, stays.
taken = None
while not taken:
    p = start(*three[:1], '--yes')
    while p.poll() is None and not left():
        time.sleep(0.02)
    time.sleep(0.5)
    p.send_signal(signal.SIGKILL)
    p.communicate()
    taken = (left() or [None])[0]
A.wait('volume', taken[0])
A.call('PUT', '/volumes/' + taken[0], {'volume': {'name': RUN + '-mine'}})
code, _, talk = drill('--tidy', codes=(11,))
need(A.sql("select deleted from volumes where id = '%s'" % taken[0]).strip() == '0' and 'taken for somebody' in talk,
     'a volume that was renamed stays: ' + talk.strip().splitlines()[-2])
A.call('PUT', '/volumes/' + taken[0], {'volume': {'name': taken[1]}})
tidied('--tidy')
untouched('under its own name again it goes, and nothing else')

# What is given away while it is restored onto: offered to whoever has the key, or taken by
# another project. The reset is what lets Cinder begin a transfer of it.
D = Cloud('lab', 'demo', 'demo')
theirs = D.sess.get_project_id()


def give(accept, done):
    while not done.is_set():
        rows = A.sql("select id from volumes where display_name like '%s%%' and deleted = 0 and status = 'restoring-backup'" % PREFIX).split()
        if not rows:
            time.sleep(0.01)
            continue
        A.action({'id': rows[0]}, 'os-reset_status', {'status': 'available'})
        t = A.call('POST', '/volume-transfers', {'transfer': {'volume_id': rows[0], 'name': RUN}})['transfer']
        given.append((rows[0], t['id']))
        if accept:
            D.call('POST', '/volume-transfers/%s/accept' % t['id'], {'accept': {'auth_key': t['auth_key']}})
        return


for accept in False, True:
    given, done = [], threading.Event()
    giver = threading.Thread(target=give, args=(accept, done))
    giver.start()
    code, out = verdicts(*three[:1], codes=(0, 11))
    done.set()
    giver.join()
    need(given, 'a volume was given away while it was restored onto')
    volume, transfer = given[0]
    row = A.sql("select status, project_id, deleted from volumes where id = '%s'" % volume).split()
    said = out[three[0]]
    print(accept, code, said['verdict'], said['why'], said['drill_volume_gone'], said['drill_volume_left'], row, flush=True)
print('drills hold', flush=True)
