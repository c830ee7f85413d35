"""Write backups into the lab's Ceph with Cinder's own Ceph backup driver.

    ceph_fill.py DIR [SEED]      (called by lab ceph fill; LAB_CEPH_CONF is its ceph.conf)

Writes DIR/truth.json (rows as the database had them, the record that
`backup export` gives, size and sha256 of what was backed up, the capture that
was put), DIR/listing.json (every image with its snapshots, every rados object
named backup.*) and DIR/strays.json. Driver and database layer are Cinder's;
the database is SQLite in memory. Both pools are emptied first.
"""
import datetime
import hashlib
import io
import json
import logging
import os
import random
import sys
import uuid
import warnings
from unittest import mock

warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)

import rados                                                    # noqa: E402
import rbd                                                      # noqa: E402
from os_brick.initiator import linuxrbd                         # noqa: E402
from oslo_config import cfg                                     # noqa: E402
from cinder import context as cinder_context                    # noqa: E402
from cinder import db                                           # noqa: E402
from cinder import objects                                      # noqa: E402
from cinder.db.sqlalchemy import api as sa                      # noqa: E402
from cinder.db.sqlalchemy import models                         # noqa: E402

OUT = sys.argv[1]
SEED = sys.argv[2] if len(sys.argv) > 2 else '1'
CONFFILE = os.environ['LAB_CEPH_CONF']
CONF = cfg.CONF
SERVICE = 'cinder.backup.drivers.ceph.CephBackupDriver'
UNI = 'größe – naïve 日本語 Ω'
ESC = '\x1b[31mred\x1b[0m line1\nline2'
SIZE = 8 << 20


def setup():
    objects.register_all()
    CONF([], project='cinder', default_config_files=[])
    CONF.set_override('connection', 'sqlite://', group='database')
    engine = sa.get_engine()
    models.BASE.metadata.create_all(engine, tables=[
        t for t in models.BASE.metadata.sorted_tables if t.name != 'workers'])
    from cinder.backup.drivers import ceph
    for k, v in {'backup_ceph_conf': CONFFILE, 'backup_ceph_user': 'admin',
                 'backup_ceph_pool': 'backups',
                 'restore_discard_excess_bytes': False,
                 'backup_ceph_chunk_size': 1 << 20}.items():
        CONF.set_override(k, v)
    mock.patch('cinder.volume.volume_utils.notify_about_backup_usage').start()
    return ceph.CephBackupDriver


def tag(v):
    if isinstance(v, datetime.datetime):
        return {'$datetime': v.isoformat()}
    if isinstance(v, dict):
        return {k: tag(x) for k, x in v.items()}
    return v


class Repo:
    def __init__(self, driver):
        self.driver = driver
        self.rnd = random.Random('ceph-%s' % SEED)
        self.ctx = cinder_context.RequestContext(
            'user-ceph', 'project-ceph', is_admin=True)
        self.cluster = rados.Rados(name='client.admin', conffile=CONFFILE)
        self.cluster.connect()
        self.data, self.ids = {}, []
        for pool in ('backups', 'volumes'):
            self.empty(pool)

    def io(self, pool):
        return self.cluster.open_ioctx(pool)

    def empty(self, pool):
        with self.io(pool) as x:
            for name in rbd.RBD().list(x):
                with rbd.Image(x, name) as im:
                    for s in list(im.list_snaps()):
                        im.remove_snap(s['name'])
                rbd.RBD().remove(x, name)
            for o in list(x.list_objects()):
                if o.key.startswith('backup.') or o.key == 'README':
                    x.remove_object(o.key)

    def uuid(self):
        return str(uuid.UUID(int=self.rnd.getrandbits(128), version=4))

    def volume(self, name, description, metadata, glance, image=True):
        vid = self.uuid()
        sa.volume_create(self.ctx, {
            'id': vid, 'size': 1, 'display_name': name,
            'display_description': description, 'volume_type_id': 'type-1',
            'project_id': self.ctx.project_id, 'status': 'backing-up',
            'availability_zone': 'nova', 'metadata': metadata,
            'bootable': bool(glance)})
        for k, v in glance.items():
            sa.volume_glance_metadata_create(self.ctx, vid, k, v)
        if image:
            with self.io('volumes') as x:
                rbd.RBD().create(x, 'volume-' + vid, SIZE, old_format=False,
                                 features=rbd.RBD_FEATURE_LAYERING)
        self.write(vid, 0, self.rnd.randbytes(65536), image)
        return vid, image

    def write(self, vid, at, data, image=True):
        if image:
            with self.io('volumes') as x, rbd.Image(x, 'volume-' + vid) as im:
                im.write(data, at)
        else:
            buf = self.data.setdefault(
                vid, bytearray(self.rnd.randbytes(SIZE)))
            buf[at:at + len(data)] = data

    def change(self, vol, name=None, description=None, metadata=None,
               glance=None):
        vid, image = vol
        new = {k: v for k, v in (('display_name', name), (
            'display_description', description)) if v is not None}
        if new:
            sa.volume_update(self.ctx, vid, new)
        if metadata is not None:
            db.volume_metadata_update(self.ctx, vid, metadata, True)
        if glance is not None:
            sa.volume_glance_metadata_delete_by_volume(self.ctx, vid)
            for k, v in glance.items():
                sa.volume_glance_metadata_create(self.ctx, vid, k, v)
        self.write(vid, self.rnd.randrange(SIZE - 4096),
                   self.rnd.randbytes(4096), image)

    def bytes_of(self, vol):
        vid, image = vol
        if not image:
            return bytes(self.data[vid])
        with self.io('volumes') as x, rbd.Image(x, 'volume-' + vid) as im:
            return im.read(0, im.size())

    def backup(self, vol, name, parent=None, description=None, metadata=None,
               keep_meta=True):
        vid, image = vol
        b = objects.BackupImport(
            self.ctx, id=self.uuid(), user_id=self.ctx.user_id,
            project_id=self.ctx.project_id, volume_id=vid, status='creating',
            size=1, display_name=name, display_description=description,
            parent_id=parent.id if parent else None, container=None,
            host='backup-host', availability_zone='nova', service=SERVICE,
            metadata=metadata or {})
        b.create()
        b.data_timestamp = b.created_at
        b.save()
        if parent:
            b.parent = objects.Backup.get_by_id(self.ctx, parent.id)
        drv = self.driver(self.ctx)
        content = self.bytes_of(vol)
        if image:
            with self.io('volumes') as x, rbd.Image(x, 'volume-' + vid) as im:
                meta = linuxrbd.RBDImageMetadata(im, 'volumes', 'admin',
                                                 CONFFILE)
                updates = drv.backup(b, linuxrbd.RBDVolumeIOWrapper(meta),
                                     backup_metadata=keep_meta)
        else:
            updates = drv.backup(b, io.BytesIO(content),
                                 backup_metadata=keep_meta)
        for k, x in (updates or {}).items():
            setattr(b, k, x)
        b.status = 'available'
        b.save()
        if parent:
            up = objects.Backup.get_by_id(self.ctx, parent.id)
            up.num_dependent_backups += 1
            up.save()
        self.ids.append(b.id)
        self.sums = getattr(self, 'sums', {})
        self.sums[b.id] = hashlib.sha256(content).hexdigest()
        return b

    def fill(self):
        v = self.volume('mail-store', 'the mail store',
                        {'env': 'prod', 'owner': 'mail', 'tier': 'gold'},
                        {'image_name': 'debian-12', 'min_disk': '2'})
        f = self.backup(v, 'mail-full', metadata={'why': 'weekly'})
        self.change(v, 'mail-store (moved)', None,
                    {'env': 'prod', 'owner': 'platform'}, {})
        i = self.backup(v, 'mail-incr-1', f)
        self.change(v, '', 'no name, no metadata', {})
        self.backup(v, 'mail-incr-2', i, metadata={'n': '2'})
        self.change(v, 'second life')
        self.backup(v, 'mail-full-2')                    # a second full
        v = self.volume('scratch', None, {'k': 'v'}, {})
        self.backup(v, None, keep_meta=False)            # no .meta object
        v = self.volume(UNI, UNI, {'unicode': UNI}, {'image_name': UNI})
        self.backup(v, UNI, description=UNI)
        v = self.volume('not on rbd', 'lvm', {'a': 'b'}, {}, image=False)
        self.backup(v, 'from-lvm')                       # full copy, no snaps
        self.change(v, 'not on rbd, later')
        self.backup(v, 'from-lvm-2')
        v = self.volume(ESC, ESC, {'k': ''}, {})
        f = self.backup(v, ESC, description='')
        self.change(v, 'tame', 'tame', {'k': 'v2', 'l': 'x' * 255})
        self.backup(v, 'tame-incr-1', f)

    def strays(self):
        out = []
        with self.io('backups') as x:
            x.write_full('README', b'not a backup\n')
            out.append({'object': 'README', 'why': 'unrelated'})
            k = 'backup.%s.meta' % self.uuid()
            x.write_full(k, b'{"version": 2}')
            out.append({'object': k, 'why': 'a capture whose image is gone'})
            k = 'backup.%s.meta' % self.uuid()
            x.write_full(k, b'{"version": 2, "volume-ba')
            out.append({'object': k, 'why': 'cut short'})
            n = 'volume-%s.backup.%s' % (self.uuid(), self.uuid())
            rbd.RBD().create(x, n, SIZE, old_format=False,
                             features=rbd.RBD_FEATURE_LAYERING)
            out.append({'image': n, 'why': 'broken off: image, no snapshot'})
            rbd.RBD().create(x, 'vm-100-disk-0', SIZE, old_format=False,
                             features=rbd.RBD_FEATURE_LAYERING)
            out.append({'image': 'vm-100-disk-0', 'why': 'unrelated image'})
        return out

    def truth(self):
        rows = []
        with self.io('backups') as x:
            objs = {o.key for o in x.list_objects()}
            for bid in self.ids:
                b = objects.Backup.get_by_id(self.ctx, bid)
                row = {k: tag(getattr(b, k)) for k in b.fields
                       if b.obj_attr_is_set(k) and k not in ('parent',)}
                key = 'backup.%s.meta' % bid
                cap = x.read(key, 1 << 22).decode() if key in objs else None
                rows.append({'row': row, 'record':

                    {'backup_service': b.service,
                     'backup_url': b.encode_record()},
                    'sha256': self.sums[bid], 'bytes': SIZE, 'capture': cap})
        return rows

    def listing(self):
        out = {'images': [], 'objects': []}
        with self.io('backups') as x:
            for n in sorted(rbd.RBD().list(x)):
                with rbd.Image(x, n) as im:
                    out['images'].append({
                        'name': n, 'size': im.size(), 'snaps': [
                            s['name'] for s in im.list_snaps()]})
            out['objects'] = sorted(o.key for o in x.list_objects()
                                    if not o.key.startswith('rbd_'))
        return out


def dump(name, what):
    with open(os.path.join(OUT, name), 'w') as f:
        json.dump(what, f, indent=1, ensure_ascii=True, default=str)


def main():
    os.makedirs(OUT, exist_ok=True)
    r = Repo(setup())
    r.fill()
    dump('strays.json', r.strays())
    dump('truth.json', r.truth())
    dump('listing.json', r.listing())
    print('%d backups' % len(r.ids))


main()
