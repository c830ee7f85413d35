#!/usr/bin/python3
"""Repositories as each release of Cinder wrote them, by that release's own code.

    eras.py write CINDER.git DIR    DIR/ERA/repo and DIR/ERA/truth.json, the bytes beside them in DIR/ERA/volumes
    eras.py ask DIR                 what Cinder of today (the installed one) restores of each, into truth.json

CINDER.git is a clone of openstack/cinder with its history. The drivers are taken from the commits below, turned
into Python 3 by lib2to3, and run over stand-ins for what they import; what writes is theirs. `ask` runs the
restore of the installed chunkeddriver over each, and says of every backup `equal`, `wrong` or `refused`. Without
the volumes of `write` it holds what comes out against the sha256 in truth.json, so that the copies in testdata can
be asked too.
"""
import builtins
import contextlib
import datetime
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import types
import uuid
from unittest import mock

# Each era: the day before which its code is taken, its files, its driver, the names of its options that hold the
# size of a chunk and of a block.
ERAS = {
    'grizzly': ('2013-03-22', ['services/swift.py'], 'SwiftBackupService'),
    'havana': ('2013-10-10', ['drivers/swift.py'], 'SwiftBackupDriver'),
    'icehouse': ('2014-04-10', ['drivers/swift.py'], 'SwiftBackupDriver'),
    'juno': ('2014-10-10', ['drivers/swift.py'], 'SwiftBackupDriver'),
    'kilo': ('2015-04-25', ['chunkeddriver.py', 'drivers/swift.py'], 'SwiftBackupDriver'),
    'kilo-nfs': ('2015-04-25', ['chunkeddriver.py', 'drivers/nfs.py'], 'NFSBackupDriver'),
    'liberty': ('2015-10-10', ['chunkeddriver.py', 'drivers/swift.py'], 'SwiftBackupDriver'),
    'liberty-posix': ('2015-10-10', ['chunkeddriver.py', 'drivers/posix.py'], 'PosixBackupDriver'),
    'ocata-posix': ('2017-02-10', ['chunkeddriver.py', 'drivers/posix.py'], 'PosixBackupDriver'),
    'ocata-shared': ('2017-02-10', ['chunkeddriver.py', 'drivers/posix.py'], 'PosixBackupDriver'),
    'pike-posix': ('2017-08-20', ['chunkeddriver.py', 'drivers/posix.py'], 'PosixBackupDriver'),
}
CHUNK, BLOCK = 8192, 4096


class Row(dict):
    """A row as both dictionaries and objects have it."""
    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__

    def save(self):
        pass

    refresh = save

    def as_read_deleted(self):
        return contextlib.nullcontext()


class Stand(types.ModuleType):
    """A module that has everything."""
    __path__ = []

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        value = mock.MagicMock(name=self.__name__ + '.' + name)
        setattr(self, name, value)
        return value


class Text(io.BytesIO):
    """StringIO of Python 2: bytes and text are one."""
    def __init__(self, data=b''):
        super().__init__(data.encode() if isinstance(data, str) else data)

    len = property(lambda self: len(self.getvalue()))


def py2open(path, mode='r', *_):
    f = builtins.open(path, mode.replace('b', '') + 'b')
    if 'w' not in mode:
        return f
    write = f.write
    wrapped = types.SimpleNamespace(write=lambda d: write(d.encode() if isinstance(d, str) else d))
    return Closing(f, wrapped)


class Closing:
    def __init__(self, f, wrapped):
        self.f, self.write = f, wrapped.write

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.f.close()

    close = __exit__


class Swift:
    """A connection whose containers are folders, and names paths."""
    root = None

    def __init__(self, *_, **__):
        pass

    def head_container(self, container):
        pass

    put_container = head_container

    def put_object(self, container, name, reader, **_):
        data = reader.read()
        data = data.encode() if isinstance(data, str) else data
        path = os.path.join(self.root, container, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(data)
        return hashlib.md5(data).hexdigest()

    def get_object(self, container, name):
        with open(os.path.join(self.root, container, name), 'rb') as f:
            return {}, f.read()


class Base:
    """cinder.backup.driver.BackupDriver as far as drivers need it."""
    capture = None

    def __init__(self, context=None, db_driver=None):
        self.context, self.db = context, DB

    def get_metadata(self, volume_id):
        return self.capture


class Conf(dict):
    def __getattr__(self, name):
        return self.get(name)

    def register_opts(self, opts, *_, **__):
        pass


def hashes():
    h = types.ModuleType('hashlib')
    for name in ('md5', 'sha256'):
        real = getattr(hashlib, name)
        setattr(h, name, lambda d=b'', real=real: real(d.encode() if isinstance(d, str) else d))
    return h


DB, ROWS = mock.MagicMock(), {}
DB.backup_update = lambda context, id, values: ROWS[id].update(values)
DB.backup_get = lambda context, id: ROWS[id]
DB.volume_get = lambda context, id: {'id': id, 'size': 1}


def load(git, day, files, conf, clock):
    """The modules of an era, as its commit has them."""
    from lib2to3 import refactor
    tool = refactor.RefactoringTool(refactor.get_fixers_from_package('lib2to3.fixes'))
    commit = subprocess.check_output(['git', '--git-dir', git, 'rev-list', '-1', '--first-parent', '--before=' + day, 'HEAD'],
                                     text=True).strip()
    stands = {n: Stand(n) for n in (
        'cinder', 'cinder.backup', 'cinder.backup.driver', 'cinder.backup.chunkeddriver', 'cinder.i18n', 'cinder.db',
        'cinder.db.base', 'cinder.exception', 'cinder.flags', 'cinder.interface', 'cinder.objects', 'cinder.utils',
        'cinder.openstack', 'cinder.openstack.common', 'cinder.openstack.common.log', 'cinder.openstack.common.timeutils',
        'cinder.openstack.common.cfg', 'cinder.openstack.common.loopingcall', 'cinder.openstack.common.units', 'cinder.units',
        'cinder.openstack.common.excutils', 'cinder.volume', 'cinder.volume.utils', 'cinder.brick', 'cinder.brick.remotefs',
        'cinder.brick.remotefs.remotefs', 'os_brick', 'os_brick.remotefs', 'os_brick.remotefs.remotefs', 'swiftclient',
        'swiftclient.client', 'oslo', 'oslo.config', 'oslo.utils', 'oslo.i18n', 'oslo_config', 'oslo_log', 'oslo_service',
        'oslo_utils', 'oslo_i18n', 'eventlet')}
    for name, s in stands.items():
        above, _, last = name.rpartition('.')
        if above:
            setattr(stands[above], last, s)
    for n in ('oslo.config', 'oslo_config', 'cinder.openstack.common'):
        stands[n].cfg.CONF = conf
    stands['cinder.flags'].FLAGS = conf
    stands['cinder.backup.driver'].BackupDriver = Base
    stands['cinder.db.base'].Base = Base
    stands['cinder.interface'].backupdriver = lambda c: c
    stands['cinder.objects'].Backup.get_by_id = lambda context, id: ROWS[id]
    stands['swiftclient'].client.Connection = Swift
    stands['swiftclient.client'].Connection = Swift
    stands['swiftclient'].client.ClientException = stands['swiftclient.client'].ClientException = KeyError
    for s in (stands['cinder.openstack.common'].timeutils, stands['oslo_utils'].timeutils, stands['oslo.utils'].timeutils):
        s.strtime = lambda *_, fmt=None, **__: clock().strftime(fmt)
        s.utcnow = clock
    for s in (stands['cinder.openstack.common'].units, stands['cinder.units'], stands['oslo_utils'].units, stands['oslo.utils'].units):
        s.GiB = s.Gi = 1 << 30
    for s in stands.values():
        s._ = s._LE = s._LI = s._LW = lambda t: t
    eventlet = stands['eventlet']
    eventlet.sleep = lambda *_: None
    eventlet.tpool.Proxy = lambda x, *_, **__: x
    kept = {n: sys.modules.get(n) for n in stands}
    module = None
    try:
        sys.modules.update(stands)
        for file in files:
            source = subprocess.check_output(['git', '--git-dir', git, 'show', commit + ':cinder/backup/' + file], text=True)
            source = str(tool.refactor_string(source + '\n', file))
            for old, new in (("data == ''", 'not data'), ("self.data = ''", 'self.data = bytearray()'),
                             ('self.data += data', 'self.data += data.encode() if isinstance(data, str) else data')):
                source = source.replace(old, new)  # where Python 2 takes text for bytes
            module = types.ModuleType(file)
            module._ = lambda t: t
            module.open = py2open
            exec(compile(source, file, 'exec'), module.__dict__)
            module.hashlib = hashes()
            for name in ('StringIO', 'io'):
                if name in module.__dict__:
                    setattr(module, name, types.SimpleNamespace(StringIO=Text, BytesIO=Text))
            if 'six' in module.__dict__:
                import six
                module.six = types.SimpleNamespace(**{**vars(six), 'StringIO': Text, 'BytesIO': Text})
            if file == 'chunkeddriver.py':
                stands['cinder.backup'].chunkeddriver = sys.modules['cinder.backup.chunkeddriver'] = module
    finally:
        for n, m in kept.items():
            if m is None:
                sys.modules.pop(n, None)
            else:
                sys.modules[n] = m
    return module, commit[:9]


def capture(row, size, version):
    base = {'id': row['volume_id'], 'size': size, 'user_id': 'user-1', 'project_id': 'project-1', 'display_name': 'vol ü',
            'display_description': None, 'encryption_key_id': None, 'volume_type_id': None, 'status': 'backing-up',
            'availability_zone': 'nova', 'bootable': False}
    return json.dumps({'version': version, 'volume-base-metadata': base, 'volume-metadata': {'tier': 'gold'}})


def write(git, out):
    for era, (day, files, driver) in ERAS.items():
        rnd = random.Random(era)
        at = [datetime.datetime.fromisoformat(day) + datetime.timedelta(hours=9)]

        def clock():
            return at[0]

        repo, volumes = os.path.join(out, era, 'repo'), os.path.join(out, era, 'volumes')
        os.makedirs(repo), os.makedirs(volumes)
        Swift.root = repo
        flat = 'swift.py' not in files[-1]
        conf = Conf(backup_swift_url='http://swift/v1/AUTH_', backup_swift_auth='per_user', backup_swift_container='volumebackups',
                    backup_swift_object_size=CHUNK, backup_swift_block_size=BLOCK, backup_file_size=CHUNK,
                    backup_sha_block_size_bytes=BLOCK, backup_compression_algorithm='zlib', storage_availability_zone='nova',
                    backup_posix_path=repo, backup_share='host:/share', backup_mount_point_base='/x', backup_timer_interval=120,
                    backup_object_number_per_notification=10, backup_swift_retry_attempts=1)
        truth = []
        ROWS.clear()
        ident = lambda: str(uuid.UUID(int=rnd.getrandbits(128), version=4))
        incrementals = 'chunkeddriver.py' in files
        for v in range(2):
            volume = ident()
            data = bytearray((b'volume %d of %s, ' % (v, era.encode())) * 1200)[:19000 if v == 0 else 11000]
            data[CHUNK:CHUNK + 2000] = rnd.randbytes(2000)
            if v == 1:
                data[:CHUNK] = rnd.randbytes(CHUNK)
            parent = None
            for n in range(3 if incrementals and v == 0 and era != 'ocata-shared' else 1):
                at[0] += datetime.timedelta(hours=1, seconds=v)
                if n == 1:
                    data[10:14] = b'NEWS'
                conf['backup_compression_algorithm'] = ['zlib', 'bz2', 'zlib'][n] if v == 0 else 'zlib'
                module, commit = load(git, day, files, conf, clock)
                id = ident()
                created = at[0] if era in ('grizzly', 'havana', 'icehouse', 'juno', 'kilo', 'kilo-nfs') else at[0].replace(
                    tzinfo=datetime.timezone.utc)
                row = ROWS[id] = Row(
                    id=id, volume_id=volume, user_id='user-1', project_id='project-1', display_name='nightly-%d-%d' % (v, n),
                    display_description=None, container='shared' if era == 'ocata-shared' else None, parent_id=parent, size=1,
                    status='creating', created_at=created, data_timestamp=created, snapshot_id=None, service_metadata=None,
                    object_count=0, temp_volume_id=None, temp_snapshot_id=None)
                cls = getattr(module, driver)
                cls.capture = Base.capture = capture(row, 1, 1 if era in ('icehouse', 'juno') else 2)
                cls._init_backup_repo_path = lambda self: repo
                context = types.SimpleNamespace(project_id='project-1', auth_token='t', service_catalog=[])
                made = cls(context)
                made.db = DB
                made.context = context
                made.backup(row, io.BytesIO(bytes(data)))
                row['status'] = 'available'
                with open(os.path.join(volumes, id), 'wb') as f:
                    f.write(data)
                parent = id
                keep = {k: row[k] for k in ('id', 'volume_id', 'display_name', 'display_description', 'container', 'parent_id', 'size',
                                            'service_metadata', 'object_count')}
                keep['created_at'] = {'$datetime': created.replace(tzinfo=None).isoformat() + '+00:00'}
                truth.append({'row': keep, 'commit': commit, 'written_with': files[-1], 'sha256': hashlib.sha256(data).hexdigest(),
                              'bytes': len(data)})
        if flat and era == 'ocata-shared':
            truth = truth[-1:]  # the later overwrote the earlier
        save(out, era, truth)
        print(era, len(truth), 'backups by', truth[0]['commit'])


def save(out, era, truth):
    with open(os.path.join(out, era, 'truth.json'), 'w') as f:
        json.dump(truth, f, indent=1)
        f.write('\n')


def ask(out):
    """What the installed Cinder restores of each backup."""
    from cinder.backup import chunkeddriver
    from cinder import objects
    objects.register_all()

    class Folder(chunkeddriver.ChunkedBackupDriver):
        """The installed chunkeddriver over a folder whose names may be paths."""
        root = None

        def __init__(self):
            pass

        def get_container_entries(self, container, prefix):
            top = os.path.join(self.root, container)
            found = (os.path.relpath(os.path.join(d, f), top) for d, _, files in os.walk(top) for f in files)
            return [f for f in found if f.startswith(prefix)]

        def get_object_reader(self, container, name, extra_metadata=None):
            return open(os.path.join(self.root, container, name), 'rb')

        def put_metadata(self, volume_id, text):
            pass

        put_container = get_object_writer = delete_object = _generate_object_name_prefix = None
        update_container_name = get_extra_metadata = _put = None

    for era in sorted(os.listdir(out)):
        path = os.path.join(out, era, 'truth.json')
        if not os.path.exists(path):
            continue
        with open(path) as f:
            truth = json.load(f)
        rows = {t['row']['id']: Row(t['row'], status='restoring') for t in truth}
        driver = Folder()
        driver.root, driver.context = os.path.join(out, era, 'repo'), None
        with mock.patch.object(chunkeddriver.objects.Backup, 'get_by_id', lambda context, id: rows[id]):
            for t in truth:
                target = io.BytesIO()
                try:
                    driver.restore(rows[t['row']['id']], t['row']['volume_id'], target)
                except Exception as e:
                    t['cinder'], t['said'] = 'refused', str(e)
                    print(era, t['row']['display_name'], 'refused:', e)
                    continue
                got = hashlib.sha256(target.getvalue()).hexdigest()
                if t['sha256'] is None:  # nobody has the volume: what comes out was said to be right
                    t['sha256'], t['bytes'] = got, len(target.getvalue())
                t['cinder'] = 'equal' if got == t['sha256'] else 'wrong'
                print(era, t['row']['display_name'], t['cinder'])
        save(out, era, truth)


if __name__ == '__main__':
    if sys.argv[1:2] == ['write'] and len(sys.argv) == 4:
        write(*sys.argv[2:])
    elif sys.argv[1:2] == ['ask'] and len(sys.argv) == 3:
        ask(sys.argv[2])
    else:
        sys.exit(__doc__)
