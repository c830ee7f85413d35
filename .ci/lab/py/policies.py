"""Whether policies make what is due exactly once, whatever happens to the runs. Run by
.ci/drill-policy, with HEARTH the program. What there is, is read from Cinder's database,
deleted rows too: nothing that hearth says of itself counts.

A policy of another name is due anew at once, so that kills need not wait for a clock; one
of every minute tells due times apart, makes chains and is pruned.
"""
import json
import os
import random
import signal
import subprocess
import sys
import time

from labapi import Cloud, LAB_DIR

LAB, HEARTH = sys.argv[1], os.environ['HEARTH']
A = Cloud('lab')
KILLS = int(os.environ.get('DRILL_KILLS', 20))
SEED = int(os.environ.get('DRILL_SEED', time.time_ns() % 10**9))
DICE = random.Random(SEED)
RUN = 'policy-%06x' % (time.time_ns() // 1000 % 2**24)
SETTLES = 20  # seconds
CONFIG = os.path.join(os.environ['XDG_CONFIG_HOME'], 'hearth', 'config.toml')
HEAD = '''[journal]
settle_after = "%ds"
[places.drill]
location = "cloud:lab"
repository = "posix:%s/backup"
''' % (SETTLES, LAB_DIR)
MINUTE = '''[policy.minute]
metadata = { hearth-drill = "%s" }
every = "1m"
full_every = 2
keep = { last = 1 }
''' % RUN


def configure(*policies):
    os.makedirs(os.path.dirname(CONFIG), exist_ok=True)
    with open(CONFIG, 'w') as f:
        f.write(HEAD + MINUTE + ''.join('''[policy.%s]
metadata = { hearth-drill = "%s" }
every = "168h"
keep = { last = 1 }
''' % (name, RUN) for name in policies))


def start(*args):
    return subprocess.Popen([HEARTH, 'policy', *args[:1], '--place', 'drill', *args[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def hearth(*args, codes=(0,)):
    p = start(*args)
    out, talk = p.communicate()
    if p.returncode not in codes:
        sys.exit('hearth policy %s: exit code %d\n%s%s' % (' '.join(args), p.returncode, out[-2000:], talk[-3000:]))
    return p.returncode, out, talk


def need(ok, what):
    if not ok:
        sys.exit('not so: ' + what)
    print('ok  ', what, flush=True)


def ours():
    """(id, volume, status, deleted, policy, due, parent) of each backup of our volumes that there ever was."""
    rows = A.sql("select b.id, b.volume_id, b.status, b.deleted, coalesce(p.value, ''), coalesce(d.value, ''), coalesce(b.parent_id, '') "
                 "from backups b left join backup_metadata p on p.backup_id = b.id and p.`key` = 'hearth-policy' and p.deleted = b.deleted "
                 "left join backup_metadata d on d.backup_id = b.id and d.`key` = 'hearth-due' and d.deleted = b.deleted "
                 "where b.volume_id in ('%s')" % "', '".join(v['id'] for v in volumes))
    return [line.split('\t') for line in rows.splitlines()]


def others():
    """Every other backup and volume: nothing of it is to change."""
    known = "', '".join(v['id'] for v in volumes)
    return (A.sql("select id, status, display_name, deleted from backups where volume_id not in ('%s') order by id" % known) +
            A.sql("select id, status, display_name, deleted from volumes where id not in ('%s') order by id" % known))


def once(policy, dues, what, errors=False):
    """Each volume has one backup of the policy for each due time, available; and no other was made for it, and none
    without a mark. With errors, those that Cinder gave up may be there besides."""
    rows = [r for r in ours() if r[4] == policy]
    good = [(r[1], r[5]) for r in rows if r[2] == 'available' and r[3] == '0']
    bad = [r for r in rows if (r[1], r[5]) not in good or r[2] != 'available']
    if errors:
        bad = [r for r in bad if r[2] != 'error']
    strays = [r for r in ours() if not r[4] or not r[5]]
    times = {due for _, due in good}
    each = all((v['id'], due) in good for v in volumes for due in times)
    need(not bad and not strays and each and len(set(good)) == len(good) and len(times) == dues,
         '%s: %d backups, each once %s' % (what, len(good), bad + strays or ''))


def fresh():
    """Waits for a new minute, with some of it left."""
    time.sleep(60 - time.time() % 60 + 0.2)


def ended(policy, *more, within=240):
    """Runs the policy until all is made: what was asked for and got no answer is not asked for again while it may come."""
    until, n = time.time() + within, 0
    while True:
        n += 1
        code, _, talk = hearth('run', policy, '--yes', *more, codes=(0, 9, 11))
        if code == 0:
            return n
        if time.time() > until:
            sys.exit('not so: hearth policy run ends, in the end: ' + talk[-3000:])
        time.sleep(3)


def tidy():
    for _ in range(90):
        rows = [r for r in ours() if r[3] == '0']
        if not rows:
            break
        parents = {r[6] for r in rows}
        for r in rows:
            if r[0] not in parents and r[2] in ('available', 'error'):
                A.raw('DELETE', '/backups/' + r[0])
        time.sleep(1)
    for v in volumes:
        A.raw('DELETE', '/volumes/' + v['id'])


print('DRILL_SEED=%d, %d kills' % (SEED, KILLS), flush=True)
volumes = []
try:
    configure()
    for i in range(4):
        volumes.append(A.volume('hearth-%s-%d' % (RUN, i), metadata={'hearth-drill': RUN}))
    before = others()
    need(hearth('check', 'minute', '--nagios')[1].startswith('HEARTH OK - 4 of 4'), 'volumes that are new have some time')

    configure('twice')
    both = [start('run', 'twice', '--yes') for _ in range(2)]
    for p in both:
        p.wait()
    codes = sorted(p.returncode for p in both)
    need(codes in ([0, 9], [0, 0]), 'two runs at once end with %s' % codes)
    once('twice', 1, 'two at once')

    configure('undisturbed')
    began = time.time()
    hearth('run', 'undisturbed', '--yes')
    took = time.time() - began
    once('undisturbed', 1, 'undisturbed, in %.1f s' % took)

    killed = runs = n = 0
    while killed < KILLS:
        n += 1
        policy = 'kill%d' % n
        configure(policy)
        both = [start('run', policy, '--yes') for _ in range(2)]
        time.sleep(DICE.uniform(0.02, took))
        whom = DICE.choice([both, both[:1], both[1:]])
        for p in whom:
            if p.poll() is None:
                killed += 1
                p.send_signal(signal.SIGKILL)
        for p in both:
            p.communicate()
        runs += ended(policy)
        once(policy, 1, 'killed %d of two' % len(whom))
    print('ok   of %d pairs of runs %d runs were killed under way, and %d more made all that was due' % (n, killed, runs), flush=True)
    need(others() == before, 'nothing else of the cloud has changed')

    configure('down')
    p = start('run', 'down', '--yes', '--per-host', '1')
    while not any(r[4] == 'down' and r[2] == 'available' for r in ours()) and p.poll() is None:
        time.sleep(0.1)
    subprocess.run([LAB, 'stop', 'lab-backup'], check=True, stdout=subprocess.DEVNULL)
    was_down = len([r for r in ours() if r[4] == 'down'])
    talk = p.communicate()[1]
    need(p.returncode in (9, 11) and was_down < 4, 'the service went down after %d of 4: a run ends with %d' % (was_down, p.returncode))
    subprocess.run([LAB, 'up', '--noauth'], check=True, stdout=subprocess.DEVNULL)
    # One at a time: two that begin at once after a start wait for ever for the privsep daemon of Cinder 21's backup service.
    ended('down', '--per-host', '1')
    once('down', 1, 'the service was down half-way', errors=True)

    configure()
    for n in range(4):
        fresh()
        ended('minute')
    once('minute', 4, 'four due times')
    kinds = {r[6] == '' for r in ours() if r[4] == 'minute'}
    need(kinds == {True, False}, 'every second is a full one')

    there = {r[0] for r in ours() if r[3] == '0'}
    plan = json.loads(hearth('prune', 'minute', '--dry-run', '-o', 'json')[1])
    need({r[0] for r in ours() if r[3] == '0'} == there, 'a dry run deletes nothing')
    goes = {b['backup_id'] for b in plan if b['goes']}
    by, stays = {r[0]: r for r in ours()}, set()
    for v in volumes:  # the last of each stays, with all that it stands on
        layer = max((r for r in by.values() if r[1] == v['id'] and r[4] == 'minute'), key=lambda r: r[5])[0]
        while layer:
            stays.add(layer)
            layer = by[layer][6]
    need(goes == {r[0] for r in by.values() if r[4] == 'minute'} - stays and goes, 'what the rule keeps does not go, and the rest does')
    talk = hearth('prune', 'minute', '--yes')[2]
    told = [line for line in talk.splitlines() if ' go; ' in line]
    need(told and 'that frees' in told[0], 'the space is told: ' + (told or [talk])[0])
    left = {r[0]: r for r in ours() if r[3] == '0'}
    need(set(left) == there - goes, 'what would go, %d of %d, is gone, and nothing else' % (len(goes), len(there)))
    need(all(not r[6] or r[6] in left for r in left.values()), 'nothing is left without its ancestors')
    need(others() == before, 'nothing else of the cloud has changed')
finally:
    tidy()
print('policies hold', flush=True)
