"""Write the names of many backups into the lab's Ceph, to measure with.

    ceph_many.py IMAGES SNAPSHOTS      (called by lab ceph many)

Each image is of a full backup and the incrementals on it, with a metadata object
for each; nothing is in them. What is there already stays, and is not made again:
it may be killed and goes on. Image i is volume-VOLUME.backup.FULL as Cinder names
it, of ids that are made of i.
"""
import json
import os
import queue
import sys
import threading
import time
import uuid

import rados
import rbd

IMAGES, SNAPSHOTS = int(sys.argv[1]), int(sys.argv[2])
BEGAN = 1700000000


def ident(kind, image, snap=0):
    return str(uuid.UUID(int=(kind << 120) + (image << 32) + snap))


def capture(volume, name):
    return json.dumps({
        'version': 2,
        'volume-base-metadata': {
            'id': volume, 'display_name': name, 'size': 1, 'user_id': 'user-many', 'project_id': 'project-many',
            'status': 'backing-up', 'encryption_key_id': None, 'volume_type_id': None,
            'display_description': None, 'bootable': False},
        'volume-metadata': {'made': 'by ceph_many.py'}, 'volume-glance-metadata': {}}).encode()


def one(io, image):
    volume, full = ident(1, image), ident(2, image)
    name = 'volume-%s.backup.%s' % (volume, full)
    try:
        rbd.RBD().create(io, name, 1 << 30, old_format=False, features=rbd.RBD_FEATURE_LAYERING)
    except rbd.ImageExists:
        pass
    with rbd.Image(io, name) as im:
        have = len(list(im.list_snaps()))
        for s in range(have, SNAPSHOTS):
            im.create_snap('backup.%s.snap.%d.5' % (ident(2, image, s), BEGAN + 86400 * s + image))
    for s in range(SNAPSHOTS):
        io.write_full('backup.%s.meta' % ident(2, image, s), capture(volume, 'volume %d' % image))


def worker(todo):
    cluster = rados.Rados(name='client.admin', conffile=os.environ['LAB_CEPH_CONF'])
    cluster.connect()
    with cluster.open_ioctx('backups') as io:
        while True:
            try:
                image = todo.get_nowait()
            except queue.Empty:
                return
            one(io, image)
            if image % 100 == 0:
                print('%d images after %.0f s' % (image, time.time() - T0), flush=True)


T0 = time.time()
todo = queue.Queue()
for i in range(IMAGES):
    todo.put(i)
threads = [threading.Thread(target=worker, args=(todo,)) for _ in range(24)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print('%d images of %d snapshots each, %.0f s' % (IMAGES, SNAPSHOTS, time.time() - T0))
