"""Whether a restore through hearth brings the data back: a full backup and an incremental
after which blocks are zero that held data, restored in every way there is and compared
with the source byte for byte. Run by .ci/drill-zeros, with HEARTH the program.

From 22.0 to 28.0 Cinder leaves zeros out on a volume that it makes itself for a restore,
also those of an incremental, so that the old data of the full backup stands there. That
is asked for too, by hand, to show that the blocks of this backup would tell.
"""
import filecmp
import json
import os
import random
import shutil
import subprocess
import sys

from labapi import Cloud

HEARTH, WORK = os.environ['HEARTH'], sys.argv[1]
A = Cloud('lab')
BLOCK = 32768  # what Cinder compares, and leaves out, at once


def hearth(*args):
    r = subprocess.run([HEARTH, *args], capture_output=True, text=True)
    if r.returncode:
        sys.exit('hearth %s: exit code %d\n%s' % (' '.join(args), r.returncode, r.stderr[-2000:]))
    return r.stdout


def need(ok, what):
    if not ok:
        sys.exit('not so: ' + what)
    print('ok  ', what, flush=True)


def write(volume, seed, blocks=None, zero=False):
    """Noise, or zeros, into all or some of the volume's blocks."""
    rnd = random.Random(seed)
    with open(A.path(volume), 'r+b') as f:
        for n in range(os.path.getsize(A.path(volume)) // BLOCK) if blocks is None else blocks:
            f.seek(n * BLOCK)
            f.write(bytes(BLOCK) if zero else rnd.randbytes(BLOCK))


def copy(volume, name):
    return shutil.copyfile(A.path(volume), os.path.join(WORK, name))


def create(volume, name, *more):
    return hearth('create', volume['id'], '--cloud', 'lab', '--name', name, '--yes', '-o', 'value', '-c', 'id', *more).strip()


def differing(a, b):
    with open(a, 'rb') as f, open(b, 'rb') as g:
        return sum(x != y for x, y in zip(iter(lambda: f.read(BLOCK), b''), iter(lambda: g.read(BLOCK), b'')))


def restored(backup, way, *target):
    report = json.loads(hearth('restore', backup, '--cloud', 'lab', '--yes', '-o', 'json', *target))
    if way and report.get('way') != way:
        sys.exit('not so: hearth restore %s goes the way %s, not %s' % (' '.join(target), report.get('way'), way))
    return {'id': report['volume_id']}


source = A.volume('zeros', 2, metadata={'of': 'the source'})
write(source, 'full')
write(source, '', range(40, 60), zero=True)  # zeros that were never data
full = create(source, 'zeros-full')
was_full = copy(source, 'full')
count = os.path.getsize(was_full) // BLOCK
gone = sorted(random.Random(1).sample(range(count), 16)) + list(range(count - 4, count))
write(source, '', gone, zero=True)
write(source, 'incremental', [n for n in (3, 4, 5, count // 2) if n not in gone])
incremental = create(source, 'zeros-incr', '--incremental')
was_incremental = copy(source, 'incremental')
need(differing(was_full, was_incremental) >= 16, '%d of %d blocks are zero since the full backup' % (len(gone), count))

r = A.call('POST', '/backups/%s/restore' % incremental, {'restore': {}})['restore']
A.wait('volume', r['volume_id'])
A.wait('backup', incremental)
wrong = differing(A.path({'id': r['volume_id']}), was_incremental)
print('Cinder itself, to a volume that it makes: %d of %d blocks are wrong' % (wrong, count))

for backup, kind, truth in ((full, 'full', was_full), (incremental, 'incremental', was_incremental)):
    for target, what in (([], 'a new volume'), (['zeros restored'], 'a new volume with a name'),
                         (['--type', 'labfile'], 'a new volume of a type'), (['--size', '3'], 'a larger new volume')):
        if target[:1] == ['--type']:
            target = ['--type', A.call('GET', '/types')['volume_types'][0]['name']]
        v = restored(backup, 'hearth' if kind == 'incremental' else '', '--new', *target)
        if 'larger' in what:
            os.truncate(A.path(v), os.path.getsize(truth))
        need(filecmp.cmp(A.path(v), truth, shallow=False), '%s onto %s holds what the source held' % (kind, what))
    v = A.volume('zeros target', 2, metadata={'my': 'own'})
    write(v, 'noise')
    restored(backup, '', '--onto', v['id'])
    need(filecmp.cmp(A.path(v), truth, shallow=False), '%s onto a volume full of other data holds what the source held' % kind)

v = A.volume('zeros untouched', 2, metadata={'my': 'own'})
write(v, 'other noise')
before = copy(v, 'untouched')
hearth('apply', incremental, '--cloud', 'lab', '--onto', v['id'], '--yes')
need(filecmp.cmp(A.path(v), before, shallow=False), 'metadata alone leaves the data as it was')
need(A.raw('GET', '/volumes/%s/metadata' % v['id']).json()['metadata'] == {'of': 'the source'}, 'and has put the metadata back')
for backup, kind, truth in ((full, 'full', was_full), (incremental, 'incremental', was_incremental)):
    write(source, 'noise ' + kind)
    restored(backup, '', '--onto', source['id'])
    need(filecmp.cmp(A.path(source), truth, shallow=False), '%s onto its own volume holds what it held' % kind)
