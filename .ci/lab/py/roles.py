"""Ask a real Cinder what each role may do, and write down what it said.

    lab roles FILE       (starts and ends with lab reset)

Nearly every question is one that is refused for another reason where the policy lets it
pass: a delete of a backup that an incremental stands on, a restore onto a volume that is
not there. So 403 is the policy's word. A system-wide admin's delete does take effect:
that is asked last. One object in the end: the release, and a row for each login and operation, with the status of each request
and whether the policy let it pass. Operations are named as hearth names them.
"""
import json
import subprocess
import sys
import uuid

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1.identity import v3

from labapi import Cloud, E

NOWHERE = str(uuid.UUID(int=0xdead))
# login: the roles given, and in a project or system-wide
LOGINS = [('reader', 'project'), ('member', 'project'), ('manager', 'project'),
          ('backup-operators', 'project'), ('admin', 'project'),
          ('reader', 'system'), ('member', 'system'), ('admin', 'system')]


class Keystone:
    def __init__(self, cloud):
        self.api = adapter.Adapter(cloud.sess, service_type='identity', interface='public')
        self.api.endpoint_override = E['LAB_KEYSTONE_URL']

    def call(self, method, path, body=None):
        return self.api.request(path, method, json=body, raise_exc=False)

    def named(self, kind, name, **more):
        """The thing of that name, made where there is none; None where that is refused."""
        for x in self.call('GET', '/%ss?name=%s' % (kind, name)).json()[kind + 's']:
            return x['id']
        r = self.call('POST', '/%ss' % kind, {kind: dict({'name': name}, **more)})
        return r.json()[kind]['id'] if r.status_code == 201 else None


def login(keystone, role, scope, project):
    """A session of a user who has that role and no other."""
    name = 'asks-%s-%s' % (scope, role)
    user = keystone.named('user', name, password=E['LAB_PASSWORD'], domain_id='default')
    if role == 'manager' and not keystone.call('GET', '/roles?name=manager').json()['roles']:
        return None  # this Keystone has none
    rid = keystone.named('role', role)
    where = '/system' if scope == 'system' else '/projects/' + project
    keystone.call('PUT', '%s/users/%s/roles/%s' % (where, user, rid))
    more = {'system_scope': 'all'} if scope == 'system' else {
        'project_id': project}
    return session.Session(auth=v3.Password(auth_url=E['LAB_KEYSTONE_URL'], username=name,
                                            password=E['LAB_PASSWORD'], user_domain_id='default', **more))


def questions(full, volume):
    """(operation, [(method, path, body)]): each has to pass."""
    b, v = '/backups/' + full['id'], '/volumes/' + volume['id']
    return [
        ('list backups and volumes', [('GET', '/backups/detail', None), ('GET', '/volumes/detail', None)]),
        ('create a backup', [('POST', '/backups', {'backup': {'volume_id': volume['id'], 'snapshot_id': NOWHERE, 'name': 'asked'}})]),
        ('rename a backup', [('PUT', b, {'backup': {'name': full['name']}})]),
        ("reset a backup's state", [('POST', b + '/action', {'os-reset_status': {'status': 'available'}})]),
        ('restore a backup', [('POST', b + '/restore', {'restore': {'volume_id': NOWHERE}})]),
        ('make a volume', [('POST', '/volumes', {'volume': {'size': 1, 'name': 'asked', 'availability_zone': 'nowhere'}})]),
        ('export records', [('GET', b + '/export_record', None)]),
        ('import records', [('POST', '/backups/import_record',
                             {'backup-record': {'backup_service': 'none', 'backup_url': 'e30='}})]),
        ("change a volume's metadata", [('PUT', v, {'volume': {'name': volume['name']}}),
                                        ('POST', v + '/metadata', {'metadata': {'asked': 'yes'}})]),
        ('delete a backup', [('DELETE', b, None)]),
        ('force-delete a backup', [('POST', b + '/action', {'os-force_delete': {}})]),
    ]


def main(out):
    admin, demo = Cloud('lab'), Cloud('lab', 'demo', 'demo')
    keystone = Keystone(admin)
    backups = demo.call('GET', '/backups/detail')['backups']
    child = next(x for x in backups if x['is_incremental'])
    full = next(x for x in backups if not x['is_incremental'] and x['volume_id'] == child['volume_id'])
    volume = demo.call('GET', '/volumes/' + full['volume_id'])['volume']
    project = demo.sess.get_project_id()
    others = len(admin.call('GET', '/backups/detail?all_tenants=1')['backups'])
    rows = []
    for role, scope in LOGINS:
        sess = login(keystone, role, scope, project)
        if sess is None:
            continue
        base = 'http://127.0.0.1:%s/v3' % E['LAB_CINDER_PORT']
        api = adapter.Adapter(sess, endpoint_override=base if scope == 'system' else '%s/%s' % (base, project))
        held = sorted(sess.auth.get_access(sess).role_names)

        def ask(method, path, body):
            h = {'OpenStack-API-Version': 'volume 3.70'}
            return api.request(path, method, headers=h, raise_exc=False, **({'json': body} if body is not None else {}))

        def note(what, replies, passed):
            rows.append({'asked_as': role, 'roles': held, 'scope': scope, 'operation': what,
                         'statuses': [r.status_code for r in replies], 'passes': passed})

        r = ask('GET', '/backups/detail?all_tenants=1', None)
        seen = len(r.json()['backups']) if r.status_code == 200 else 0
        note('list all projects', [r], seen == others)
        for what, requests in questions(full, volume):
            replies = [ask(*x) for x in requests]
            # From 29 on a volume that may not be seen is one that is not found.
            note(what, replies, all(r.status_code != 403 and not (r.status_code == 404 and volume['id'] in r.text)
                                    for r in replies))
        admin.raw('DELETE', '/volumes/%s/metadata/asked' % volume['id'])
    version = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', 'python3-cinder'], capture_output=True, text=True).stdout
    with open(out, 'w') as f:
        f.write('{"cinder": %s,\n "rows": [\n' % json.dumps(version))
        f.write(',\n'.join('  ' + json.dumps(r) for r in rows))
        f.write('\n]}\n')
    print('%d answers of Cinder %s' % (len(rows), version))


main(sys.argv[1])
