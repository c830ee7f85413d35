"""Whether plans come true: hearth plans restores from five sources, Cinder carries
them out, and each field that a plan called certain is held against what came.

    plans.py FOLDER [part]   -> FOLDER/*.json, every plan as it was before its restore, and
                                what came; prints the figures, ends with 1 where one was wrong

Run by .ci/drill-plans over a lab that is up, with HEARTH the program. Volumes are made
and changed through Cinder's API and most are backed up by hearth: some as they are, some
changed while the backup waits or runs (the backup service is held with SIGSTOP), some
looked at again only long after. Chains are in part made without hearth. What the API does
not show is read from the database. "part" leaves out most of the targets.
"""
import collections
import concurrent.futures as cf
import json
import os
import signal
import subprocess
import sys
import time

from labapi import Cloud, LAB_DIR

FOLDER, PART = sys.argv[1], sys.argv[2:] == ['part']
HEARTH = os.environ['HEARTH']
os.makedirs(FOLDER, exist_ok=True)
A = Cloud('lab')
LATE = 125  # a second look later than two minutes after the end proves less
USER, IMAGE = 'volume-metadata', 'volume-glance-metadata'
started = time.time()


def home(name, config=''):
    """An archive of hearth's of its own, and a configuration."""
    at = os.path.join(FOLDER, 'homes', name)
    os.makedirs(at + '/config/hearth', exist_ok=True)
    with open(at + '/config/hearth/config.toml', 'w') as f:
        f.write(config)
    return dict(os.environ, XDG_DATA_HOME=at + '/data', XDG_CACHE_HOME=at + '/cache', XDG_CONFIG_HOME=at + '/config')


KEEPS, KEEPS_LATE, NOTHING = home('archive'), home('late'), home('nothing')
DATABASE = 'mysql://lab:lab@127.0.0.1:%d/cinder' % (int(os.environ.get('LAB_PORT_BASE', 18700)) + 6)
REPOSITORY = home('repository', '[places.lab]\nlocation = "cloud:lab"\nrepository = "backups"\n\n'
                  '[places.backups]\nlocation = "posix:%s/backup"\n' % LAB_DIR)
# The same with the database, by itself and as one place with the cloud.
BESIDE = home('beside', '[places.database]\nlocation = "%s"\nrepository = "backups"\n\n'
              '[places.both]\nlocation = "cloud:lab"\ndatabase = "%s"\nrepository = "backups"\n\n'
              '[places.backups]\nlocation = "posix:%s/backup"\n' % (DATABASE, DATABASE, LAB_DIR))


def say(text):
    print('%4d s  %s' % (time.time() - started, text), flush=True)


def hearth(env, *args, ok=(0,)):
    r = subprocess.run([HEARTH, *args], capture_output=True, text=True, env=env)
    if r.returncode not in ok:
        raise RuntimeError('hearth %s: exit code %d\n%s' % (' '.join(args)[:200], r.returncode, r.stderr[-2000:]))
    return r


# --- the volumes, and what is backed up of them -------------------------------------------

class Backup:
    """One to restore. change says what became of the volume meanwhile: none, either
    (the second look came at once) or late."""

    def __init__(self, id_, volume, title, keeps=KEEPS, change='none'):
        self.id, self.volume, self.title, self.keeps, self.change = id_, volume, title, keeps, change


def by_hearth(volume, title, incremental=False, env=KEEPS, wait=True):
    r = hearth(env, 'create', volume['id'], '--cloud', 'lab', '--name', title, '--yes', '-o', 'value', '-c', 'id',
               *(['--incremental'] if incremental else []), *([] if wait else ['--no-wait']))
    return r.stdout.strip()


def by_client(volume, title, incremental=False):
    """As anybody makes one, without hearth."""
    r = subprocess.run(['/usr/bin/openstack', '--os-cloud', 'lab', 'volume', 'backup', 'create', volume['id'], '--name', title,
                        '-f', 'value', '-c', 'id', *(['--incremental'] if incremental else [])],
                       check=True, capture_output=True, text=True)
    id_ = r.stdout.strip()
    A.wait('backup', id_)
    A.wait('volume', volume['id'])
    return id_


def fill(volume, seed):
    import random
    rnd = random.Random(seed)
    with open(A.path(volume), 'r+b') as f:
        for n in range(os.path.getsize(A.path(volume)) >> 20):
            f.seek(n << 20)
            f.write(rnd.randbytes(300000))


def changes():
    """A chain before each layer of which the volume changes, and which is changed after."""
    v = A.volume('drill chain', 1, description='the first', metadata={'env': 'prod', 'tier': 'gold'})
    A.image(v, {'image_name': 'debian-12', 'min_disk': '3'}, bootable=True)
    yield Backup(by_hearth(v, 'chain-full'), v, 'chain-full')
    A.edit(v, name='drill chain renamed', description='the second')
    A.meta(v, {'env': 'prod', 'owner': 'größe 日本'})
    yield Backup(by_hearth(v, 'chain-incr-1', True), v, 'chain-incr-1')
    A.meta(v, {})
    A.image_drop(v, 'image_name', 'min_disk', bootable=False)
    A.edit(v, description='')
    yield Backup(by_hearth(v, 'chain-incr-2', True), v, 'chain-incr-2')
    A.edit(v, name='drill chain of today', description='changed since')
    A.meta(v, {'since': 'then'})


def nameless():
    v = A.volume('', 1, description='nobody')
    yield Backup(by_hearth(v, 'bare-full'), v, 'bare-full')
    A.edit(v, name='drill bare no more')
    yield Backup(by_hearth(v, 'bare-incr', True), v, 'bare-incr')


def lookalike():
    v = A.volume('restore_backup_of the drill', 1, metadata={'a': ''})
    yield Backup(by_hearth(v, 'lookalike-full'), v, 'lookalike-full')
    A.edit(v, name='drill lookalike', description=None)
    yield Backup(by_hearth(v, 'lookalike-incr', True), v, 'lookalike-incr')


def hostile():
    v = A.volume('\x1b[31mred\x1b[0m line1\nline2\ttab \u202etxt.exe', 1, description='a\r\nb', metadata={'k': '', 'A:b/c': 'x, y=z'})
    A.action(v, 'os-set_bootable', {'bootable': True})
    yield Backup(by_hearth(v, 'hostile'), v, 'hostile')
    A.meta(v, {'k': 'later'})


def luks():
    v = A.volume('drill vault', 1, volume_type='LUKS', metadata={'secret': 'yes'})
    yield Backup(by_hearth(v, 'luks-full'), v, 'luks-full')
    A.meta_set(v, secret='still')
    yield Backup(by_hearth(v, 'luks-incr', True), v, 'luks-incr')


def half_a():
    """The full without hearth, the incremental by hearth."""
    v = A.volume('drill half a', 1, metadata={'by': 'the client', 'gone': 'later'})
    A.image(v, {'image_name': 'half'})
    full = by_client(v, 'half-a-full')
    A.edit(v, name='drill half a, later')
    A.meta(v, {'by': 'hearth'})
    yield Backup(by_hearth(v, 'half-a-incr', True), v, 'half-a-incr', change='half')
    yield Backup(full, v, 'half-a-full', change='half')


def half_b():
    """One in the middle without hearth."""
    v = A.volume('drill half b', 1, description='b', metadata={'layer': 'full'})
    by_hearth(v, 'half-b-full')
    A.meta(v, {'layer': 'middle', 'only': 'there'})
    A.image(v, {'image_name': 'of the middle'})
    by_client(v, 'half-b-incr-1', True)
    A.meta(v, {})
    A.image_drop(v, 'image_name')
    yield Backup(by_hearth(v, 'half-b-incr-2', True), v, 'half-b-incr-2', change='half')


def two_cases():
    """Keys that differ in case: of image metadata, where the second ends a restore."""
    v = A.volume('drill cases', 1, metadata={'owner': 'ada', 'Env': 'prod'})
    yield Backup(by_hearth(v, 'case-user'), v, 'case-user')
    A.image(v, {'os_type': 'linux', 'OS_TYPE': 'windows'})
    yield Backup(by_hearth(v, 'case-image', True), v, 'case-image')


def restored():
    """Of a volume that was restored itself: src_backup_id is among the captured."""
    v = A.volume('drill restored', 1, metadata={'x': 'y'})
    first = by_hearth(v, 'restored-first')
    A.call('POST', '/backups/%s/restore' % first, {'restore': {'volume_id': v['id']}})
    A.wait('backup', first)
    A.wait('volume', v['id'])
    A.meta_set(v, src_backup_id=first)
    second = by_hearth(v, 'restored-second')
    yield Backup(first, v, 'restored-first')
    yield Backup(second, v, 'restored-second')


def signalled(sig):
    with open(LAB_DIR + '/run/lab-backup') as f:
        os.killpg(int(f.read().split()[0]), sig)


def queued():
    """Volumes that change while their backups wait for a service that is held."""
    made = [A.volume('drill queued %d' % n, 1, description='before', metadata={'env': 'prod', 'n': str(n)}) for n in range(4)]
    A.image(made[3], {'image_name': 'old', 'os_distro': 'debian'})
    full = by_hearth(made[2], 'queued-2-full')
    signalled(signal.SIGSTOP)
    try:
        ids = [by_hearth(v, 'queued-%d' % n, incremental=n == 2, wait=False) for n, v in enumerate(made)]
        A.edit(made[0], name='drill queued 0 renamed')
        A.meta(made[1], {'env': 'test', 'new': 'key'})
        A.edit(made[2], name='drill queued 2 renamed', description='and described')
        A.meta_drop(made[2], 'env')
        A.image_drop(made[3], 'image_name', 'os_distro')
    finally:
        signalled(signal.SIGCONT)
    for id_ in ids:
        A.wait('backup', id_)
    hearth(KEEPS, 'settle', '--cloud', 'lab')
    for n, id_ in enumerate(ids):
        yield Backup(id_, made[n], 'queued-%d' % n, change='either')
    yield Backup(full, made[2], 'queued-2-full')


def running():
    """Volumes that change while the service is held in the midst of their backups."""
    for n in range(2):
        v = A.volume('drill running %d' % n, 2, description='before', metadata={'env': 'prod', 'owner': 'ada'})
        fill(v, n)
        p = subprocess.Popen([HEARTH, 'create', v['id'], '--cloud', 'lab', '--name', 'running-%d' % n, '--yes', '-o', 'value', '-c', 'id'],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=KEEPS)
        id_ = p.stdout.readline().strip()
        at = os.path.join(LAB_DIR, 'backup', id_[:2], id_[2:4], id_)
        end = time.time() + 60
        while time.time() < end and not (os.path.isdir(at) and os.listdir(at)):
            time.sleep(0.01)
        signalled(signal.SIGSTOP)
        try:
            if A.raw('GET', '/backups/' + id_).json()['backup']['status'] != 'creating':
                raise RuntimeError('running-%d was made too fast to be held' % n)
            if n:
                A.meta(v, {'env': 'test', 'ticket': '1'})
                A.image(v, {'image_name': 'new'}, bootable=True)
            else:
                A.edit(v, name='drill running renamed')
                A.meta_set(v, owner='eve')
        finally:
            signalled(signal.SIGCONT)
        if p.wait():
            raise RuntimeError('hearth create ended with %d' % p.returncode)
        yield Backup(id_, v, 'running-%d' % n, change='either')


def late():
    """What changed while the backup waited and again after it: hearth sees neither."""
    v = A.volume('drill late', 1, description='first', metadata={'env': 'prod', 'owner': 'ada', 'same': 'always'})
    w = A.volume('drill late too', 1, metadata={'a': '1'})
    signalled(signal.SIGSTOP)
    try:
        ids = [by_hearth(x, 'late-%d' % n, env=KEEPS_LATE, wait=False) for n, x in enumerate((v, w))]
        A.edit(v, description='second')
        A.meta(v, {'owner': 'bob', 'same': 'always'})
        A.meta(w, {})
    finally:
        signalled(signal.SIGCONT)
    for id_ in ids:
        A.wait('backup', id_)
    A.edit(v, description='third')
    A.meta(v, {'owner': 'eve', 'same': 'always'})
    A.meta(w, {'b': '2'})
    return [Backup(id_, x, 'late-%d' % n, keeps=KEEPS_LATE, change='late') for n, (id_, x) in enumerate(zip(ids, (v, w)))]


# --- plans and restores ------------------------------------------------------------------

def rows(text):
    """The rows of a query that makes one JSON value each."""
    out = subprocess.run(['mariadb', '--no-defaults', '-S', LAB_DIR + '/mysql.sock', '-u', 'root', '-N', '-r',
                          '--default-character-set=utf8', 'cinder', '-e', text], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def state(id_):
    """A volume as the database has it."""
    columns = ['display_name', 'display_description', 'encryption_key_id', 'volume_type_id', 'bootable', 'status']
    row = rows("select json_array(%s) from volumes where id='%s'" % (', '.join(columns), id_))[0]
    v = dict(zip(columns, row), **{USER: {}, IMAGE: {}})
    v['bootable'] = bool(v['bootable'])
    for section, table in ((USER, 'volume_metadata'), (IMAGE, 'volume_glance_metadata')):
        for key, value in rows("select json_array(`key`, value) from %s where volume_id='%s' and deleted=0" % (table, id_)):
            v[section][key] = value
    return v


def dressed(kind, n, size):
    """A volume to restore onto."""
    kw = {'volume_type': 'LUKS'} if kind == 'luks' else {}
    name = {'unnamed': '', 'lookalike': 'restore_backup_yesterday'}.get(kind, 'drill target %d' % n)
    owner = 'OWNER' if kind == 'cased' else 'owned'  # beside a captured "owner" MariaDB may keep the former
    v = A.volume(name, size, description='was here before', metadata={'env': 'test', owner: 'nobody', 'kept': 'perhaps'}, **kw)
    A.image(v, {'image_name': 'old image', 'os_distro': 'centos'}, bootable=bool(n % 2))
    return v


class Count:
    def __init__(self):
        self.n = collections.Counter()
        self.wrong = []

    def hold(self, plan, actual, where):
        """Holds what came to what a plan said of it."""
        n = self.n
        n['plans'] += 1
        failed = actual['status'] != 'available'
        answer = plan['can']['answer']
        n['can ' + answer] += 1
        if failed and answer == 'yes' or not failed and answer == 'no':
            self.wrong.append('%s: can %s, and the volume is %s' % (where, answer, actual['status']))
        if failed and not plan['error']:
            n['failed'] += 1  # certain is what Cinder carries through
            return
        told = {USER: set(), IMAGE: set()}
        for f in plan['fields']:
            section, name = f['section'], f['field']
            if f['verdict'] == 'not restored':
                continue
            if name == 'encryption_key_id' and f['certainty'] == 'unknown' and ('fresh clone' in f['because'] or 'makes a key' in f['because']):
                n['cloned keys'] += 1  # whose ids nobody can know before
                continue
            if section in told:
                told[section].add(name)
                have, value = name in actual[section], actual[section].get(name)
            else:
                have, value = True, actual[name]
            n['fields'] += 1
            n[f['certainty']] += 1
            ok, says = True, f.get('after', 'gone')
            if f['certainty'] == 'certain':
                ok = have == ('after' in f) and (not have or value == f['after'])
            elif f['certainty'] == 'one of':
                ok, says = (value if have else None) in f['possible'], f['possible']
            if not ok:
                self.wrong.append('%s: %s %s %s %r, and is %r' % (where, section, name, f['certainty'], says, value if have else 'gone'))
        for section, names in told.items():
            more = set(actual[section]) - names
            if more and section not in plan['open_sections']:
                self.wrong.append('%s: %s has also %s' % (where, section, sorted(more)))


COUNTS = collections.OrderedDict()
for key in ('database', 'cloud and database', 'repository', 'archive, unchanged', 'archive, changed meanwhile', 'archive, looked at late', 'archive, in part', 'nothing'):
    COUNTS[key] = Count()
ARCHIVE = {'none': 'archive, unchanged', 'either': 'archive, changed meanwhile', 'late': 'archive, looked at late', 'half': 'archive, in part'}
RESTORES = collections.Counter()


def save(where, text):
    with open(os.path.join(FOLDER, where.replace(', ', '.').replace(' ', '-') + '.json'), 'w') as f:
        f.write(text)


def planned(b, kind, target):
    """The plans from the sources, saved."""
    out = {}
    for key, env, place in (('database', BESIDE, 'database'), ('cloud and database', BESIDE, 'both'), ('repository', REPOSITORY, 'cloud:lab'),
                            (ARCHIVE[b.change], b.keeps, 'cloud:lab'), ('nothing', NOTHING, 'cloud:lab')):
        of = target
        if key == 'database' and kind == 'new' and b.title.startswith('luks'):
            of = target + ['--type', 'LUKS']  # as hearth makes the volume where it restores: no cloud tells the database so
        r = hearth(env, 'plan', b.id, '--place', place, '--via', 'database', '-o', 'json', *of, ok=(0, 6, 13))
        where = '%s, %s, %s' % (b.title, kind, key)
        save(where, r.stdout)
        out[where] = key, json.loads(r.stdout)
    return out


def restore(n, b, kind):
    size = A.raw('GET', '/backups/' + b.id).json()['backup']['size']
    volume = None
    if kind == 'new':
        target = ['--new']
    elif kind == 'new-named':
        target = ['--new', 'drill restored %d ünïcode' % n]
    else:
        volume = b.volume if kind == 'own' else dressed(kind, n, size)
        target = ['--onto', volume['id']]
    plans = planned(b, kind, target)
    if volume:  # by Cinder, whatever the plans say
        A.call('POST', '/backups/%s/restore' % b.id, {'restore': {'volume_id': volume['id']}})
        id_ = volume['id']
    else:
        r = hearth(REPOSITORY, 'restore', b.id, '--cloud', 'lab', '--yes', '-o', 'json', *target, ok=range(256))
        try:
            id_ = json.loads(r.stdout)['volume_id']
        except (ValueError, KeyError):
            raise RuntimeError('hearth restore %s %s: %s' % (b.title, kind, r.stderr[-500:]))
    end = time.time() + 90
    while time.time() < end:
        actual = state(id_)
        if actual['status'] not in ('creating', 'restoring-backup'):
            break
        time.sleep(0.3)
    A.wait('backup', b.id)
    actual = state(id_)
    save('%s, %s, came' % (b.title, kind), json.dumps(actual, indent=2))
    for where, (key, plan) in plans.items():
        COUNTS[key].hold(plan, actual, where)
    RESTORES[kind] += 1
    RESTORES['refused'] += actual['status'] != 'available'


def kinds(b):
    out = ['new', 'existing'] if PART else ['new', 'new-named', 'existing']
    if b.title in ('chain-incr-2', 'bare-incr', 'lookalike-incr', 'queued-2', 'running-1', 'late-0', 'late-1', 'half-a-incr'):
        out += ['unnamed'] if PART else ['unnamed', 'lookalike']
    if b.title.startswith('luks'):
        out = ['new', 'existing', 'luks']
    if b.title in ('case-user', 'chain-incr-1', 'late-0'):
        out.append('cased')
    if b.title in ('chain-full', 'luks-incr', 'restored-first', 'restored-second', 'queued-1', 'half-b-incr-2'):
        out.append('own')  # the last one: it changes what the source is
    return out


def restores(n, backups):
    """Of the backups of one volume, one after the other: one that is being restored
    cannot be exported."""
    for kind in ('new', 'new-named', 'existing', 'unnamed', 'lookalike', 'cased', 'luks', 'own'):
        for m, b in enumerate(backups):
            if kind in kinds(b):
                restore(10 * n + m, b, kind)


def all_of(make):
    return list(make())


def main():
    waits = late()
    ended = time.time()
    say('2 backups of which hearth will see the end too late')
    groups = all_of(queued), all_of(running)
    say('%d backups of volumes that changed meanwhile' % sum(map(len, groups)))
    with cf.ThreadPoolExecutor(4) as ex:
        others = list(ex.map(all_of, (changes, nameless, lookalike, hostile, luks, half_a, half_b, two_cases, restored)))
        groups = others + list(groups)
        say('%d more backups' % sum(map(len, others)))
        by_volume = collections.OrderedDict()
        for b in [b for g in groups for b in g]:
            by_volume.setdefault(b.volume['id'], []).append(b)
        done = [ex.submit(restores, n, g) for n, g in enumerate(by_volume.values())]
        time.sleep(max(0, LATE - (time.time() - ended)))
        hearth(KEEPS_LATE, 'settle', '--cloud', 'lab')
        done += [ex.submit(restores, 50 + n, [b]) for n, b in enumerate(waits)]
        for d in done:
            d.result()
    refused = RESTORES.pop('refused')
    say('%d restores, of which Cinder ended %d in error: %s' % (sum(RESTORES.values()), refused,
        ', '.join('%d %s' % (RESTORES[k], k) for k in sorted(RESTORES))))
    return figures()


def figures():
    print('\n%-28s %6s %7s %8s %7s %8s %8s %8s %7s' % ('source', 'plans', 'fields', 'certain', 'share', 'one of', 'assumed', 'unknown', 'wrong'))
    bad = 0
    for key, c in COUNTS.items():
        n, share = c.n, 100 * c.n['certain'] / max(c.n['fields'], 1)
        print('%-28s %6d %7d %8d %6.1f%% %8d %8d %8d %7d' % (key, n['plans'], n['fields'], n['certain'], share, n['one of'], n['assumed'],
                                                             n['unknown'], len(c.wrong)))
        least = {'database': 100, 'cloud and database': 100,
                 'repository': 97 if PART else 99, 'archive, unchanged': 90}.get(key, 0)  # in a part the odd ones weigh more
        if share < least:
            bad += 1
            print('too little is certain: %d %% is the least' % least)
    print('left out: %d keys that are fresh clones, whose ids nobody can know before' % sum(c.n['cloned keys'] for c in COUNTS.values()))
    for c in COUNTS.values():
        for text in c.wrong:
            bad += 1
            print('wrong:', text)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
