"""What `lab federation up` wants of Keystone: an identity provider that it believes, and users with more factors. Idempotent.

    federation.py ISSUER SEED...     the URL of the identity provider, and the TOTP seeds of the users, in base32
"""
import os, sys

from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3
from keystoneclient.v3 import client

E = os.environ
ISSUER, SEEDS = sys.argv[1], sys.argv[2:]
sess = session.Session(auth=v3.Password(auth_url=E['LAB_KEYSTONE_URL'], username='admin', password=E['LAB_PASSWORD'], project_name='admin',
                                        user_domain_id='default', project_domain_id='default'))
ks = client.Client(session=sess, endpoint_override=E['LAB_KEYSTONE_URL'])
demo = next(p for p in ks.projects.list() if p.name == 'demo')
member = next(r for r in ks.roles.list() if r.name == 'member')

group = next((g for g in ks.groups.list() if g.name == 'federated'), None) or ks.groups.create('federated', domain='default')
ks.roles.grant(member.id, group=group.id, project=demo.id)
# mod_auth_openidc's claims come through mod_proxy_http as headers; Keystone knows them as HTTP_OIDC_….
rules = [{'local': [{'user': {'name': '{0}'}, 'group': {'id': group.id}}],
          'remote': [{'type': 'HTTP_OIDC_SUB'}, {'type': 'HTTP_OIDC_ISS', 'any_one_of': [ISSUER]}]}]


def there(make):
    try:
        make()
    except exceptions.Conflict:
        pass


there(lambda: ks.federation.identity_providers.create('lab-idp', enabled=True, remote_ids=[ISSUER]))
try:
    ks.federation.mappings.create('lab-mapping', rules=rules)
except exceptions.Conflict:
    ks.federation.mappings.update('lab-mapping', rules=rules)
there(lambda: ks.federation.protocols.create('openid', identity_provider='lab-idp', mapping='lab-mapping'))

for name, ways in (('totp', [['totp']]), ('mfa', [['password', 'totp']])):
    user = next((u for u in ks.users.list() if u.name == name), None)
    if not user:
        # The rules at once: each of Keystone's processes keeps a user in mind for ten minutes, and one that
        # had looked at a user without them would go on letting it in with a password alone.
        sess.post(E['LAB_KEYSTONE_URL'] + '/users', json={'user': {
            'name': name, 'domain_id': 'default', 'password': E['LAB_PASSWORD'],
            'options': {'multi_factor_auth_enabled': True, 'multi_factor_auth_rules': ways}}})
        user = next(u for u in ks.users.list() if u.name == name)
    ks.roles.grant(member.id, user=user.id, project=demo.id)
    if len([c for c in ks.credentials.list(user_id=user.id) if c.type == 'totp']) < len(SEEDS): # their blobs are hidden from Keystone 30 on
        for seed in SEEDS:
            ks.credentials.create(user=user.id, type='totp', blob=seed)
