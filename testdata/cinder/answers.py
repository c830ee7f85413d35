"""Asks Cinder itself (python3-cinder 21.3.1, Debian 12) what it makes of lab.sqlite, and writes answers.json.

    /usr/bin/python3 answers.py          # in this folder; a second or two

captures  what BackupMetadataAPI.get gives for every volume that is not deleted
records   what Backup.encode_record gives for every backup that is not deleted
puts      what BackupMetadataAPI.put makes of a volume's rows, deleted ones included
imports   what importing a record makes of a backup's rows

A time that Cinder has just set is written as "now".
"""
import base64
import datetime
import json
import os
import shutil
import sqlite3
import tempfile
from unittest import mock

from oslo_config import cfg

from cinder import context
from cinder import objects
objects.register_all()
from cinder.common import config  # noqa: F401,E402
from cinder.backup import api  # noqa: E402
from cinder.backup import driver  # noqa: E402
from cinder.backup import manager  # noqa: E402
from cinder.db.sqlalchemy import api as sqlapi  # noqa: E402
from cinder import exception  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = tempfile.mkdtemp()
PATH = os.path.join(WORK, 'cinder.sqlite')
LAB = os.path.join(HERE, 'lab.sqlite')
STARTED = str(datetime.datetime.utcnow())
CONF = cfg.CONF
CONF([], project='cinder', default_config_files=[])
CONF.set_override('connection', 'sqlite:///' + PATH, group='database')


def fresh():
    sqlapi.dispose_engine()
    shutil.copy(LAB, PATH)
    os.chmod(PATH, 0o600)
    return context.get_admin_context()


def rows(table, column, value):
    con = sqlite3.connect(PATH)
    con.row_factory = sqlite3.Row
    order = 'id' if table.endswith('metadata') else 'rowid'
    out = []
    for row in con.execute('select * from %s where %s = ? order by %s' % (table, column, order), (value,)):
        out.append({k: row[k] for k in row.keys()})
    con.close()
    return out


def settle(after):
    """Replaces the times that Cinder has just set."""
    for r in after:
        for k, v in r.items():
            if k.endswith('_at') and v is not None and v >= STARTED:
                r[k] = 'now'
    return after


def select(sql):
    con = sqlite3.connect(LAB)
    out = [r[0] for r in con.execute(sql)]
    con.close()
    return out


def captures():
    ctxt = fresh()
    meta = driver.BackupMetadataAPI(ctxt)
    return {i: meta.get(i) for i in select('select id from volumes where deleted = 0 order by id')}


def records():
    ctxt = fresh()
    out = {}
    for i in select('select id from backups where deleted = 0 order by id'):
        out[i] = objects.Backup.get_by_id(ctxt, i).encode_record(driver_info={})
    return out


def capture(**sections):
    doc = {'version': 2}
    for name, key in (('base', 'volume-base-metadata'), ('user', 'volume-metadata'), ('image', 'volume-glance-metadata')):
        if name in sections:
            doc[key] = sections[name]
    return json.dumps(doc)


def puts(taken):
    volumes = select('select id from volumes where deleted = 0 order by id')
    texts = [taken[i] for i in volumes if 'glance' in taken[i]][:2] + [taken[i] for i in volumes if 'volume-metadata' in taken[i]][:2] + [
        capture(base={'display_name': 'from a backup', 'display_description': None, 'encryption_key_id': None}),
        capture(user={'a': '1', 'none': None, 'ünïcode': 'ключ', 'empty': ''}),
        capture(user={}),
        capture(image={}),
        capture(image={'zeta': 'last first', 'image_id': 'f00', 'none': None, 'min_ram': 512, 'flag': True}),
        capture(user={'tier': 'gold'}, image={'image_id': 'beef', 'os_type': 'linux'}),
    ]
    plain = [i for i in volumes if 'metadata"' not in taken[i].replace('base-metadata', '')]
    images = [i for i in volumes if 'glance' in taken[i]]
    users = [i for i in volumes if 'volume-metadata' in taken[i] and i not in images]
    out = []
    for volume in plain[:2] + images[:3] + users[:2]:
        for text in texts:
            ctxt = fresh()
            tables = (('volumes', 'id'), ('volume_metadata', 'volume_id'), ('volume_glance_metadata', 'volume_id'))
            try:
                driver.BackupMetadataAPI(ctxt).put(volume, text)
            except exception.CinderException:
                continue
            out.append({'volume_id': volume, 'capture': text,
                        'rows': {t: settle(rows(t, c, volume)) for t, c in tables}})
    return out


def imports():
    first = select("select backup_id from backup_metadata where key = 'schedule' and not deleted order by id limit 1")[0]
    gone = select("select id from backups where status = 'deleted' order by id limit 1")[0]
    ctxt = fresh()
    doc = json.loads(base64.b64decode(objects.Backup.get_by_id(ctxt, first).encode_record(driver_info={})))
    other = dict(doc, id='11111111-2222-3333-4444-555555555555', metadata={'from': 'elsewhere', 'ü': ''})
    bare = {k: doc[k] for k in ('display_name', 'display_description', 'container', 'size', 'service_metadata', 'object_count')}
    cases = [
        ('a new id', other, None),
        ('the least that Cinder takes', dict(bare, id='no-uuid-at-all'), None),
        ('an id that is here', doc, None),
        ('deleted by flag only', doc, "update backups set deleted = 1, deleted_at = created_at where id = '%s'" % first),
        ('deleted by status only', dict(doc, metadata={'b': '2'}),
         "update backups set status = 'deleted', fail_reason = 'old' where id = '%s'" % first),
        ('deleted', dict(doc, id=gone, metadata={'again': 'yes'}), None),
        ('deleted, and little is said of it', dict(bare, id=gone), None),
        ('its metadata go', dict(doc, metadata={}), "update backups set status = 'deleted' where id = '%s'" % first),
        ('its metadata change', dict(doc, metadata={'schedule': 'daily', 'new': 'one'}),
         "update backups set status = 'deleted' where id = '%s'" % first),
    ]
    out = []
    for name, document, sql in cases:
        ctxt = fresh()
        ctxt.user_id, ctxt.project_id = 'importer', 'project'
        if sql:
            con = sqlite3.connect(PATH)
            con.execute(sql)
            con.commit()
            con.close()
        tables = (('backups', 'id'), ('backup_metadata', 'backup_id'))
        url = base64.b64encode(json.dumps(document).encode()).decode()
        case = {'name': name, 'sql': sql, 'backup_service': doc['service'], 'backup_url': url, 'error': None}
        try:
            with mock.patch.object(api, 'QUOTAS'):
                backup = api.API._get_import_backup(mock.Mock(), ctxt, url)
            me = mock.Mock(driver_name=doc['service'], az='nova', host='here')
            me._is_our_backup.return_value = True
            manager.BackupManager.import_record(me, ctxt, backup, doc['service'], url, [])
        except exception.CinderException as e:
            case['error'] = str(e)
        case['rows'] = {t: settle(rows(t, c, document['id'])) for t, c in tables}
        out.append(case)
    return out


taken = captures()
answers = {'captures': taken, 'records': records(), 'puts': puts(taken), 'imports': imports()}
with open(os.path.join(HERE, 'answers.json'), 'w') as f:
    json.dump(answers, f, indent=0)
    f.write('\n')
print({k: len(v) for k, v in answers.items()})
shutil.rmtree(WORK)
