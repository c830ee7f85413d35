"""An identity provider on loopback: python3-oauthlib's OAuth 2.0 server, with the grants password and client_credentials, access
tokens that are JWTs signed by RSA (python3-jwt), and a discovery document.

    idp.py PORT KEY

Its user is fed / labpass, its clients are hearth / hearth-secret (both grants) and robot / robot-secret (client_credentials alone). A
token lasts for an hour, or as many seconds as the scope seconds:N says. GET /requests is what was asked, secrets and all, as JSON lines:
for tests that compare what two clients send."""
import base64, http.server, json, sys, time, urllib.parse, uuid

import jwt
from oauthlib.oauth2 import BackendApplicationServer, LegacyApplicationServer, RequestValidator

PORT, KEY = int(sys.argv[1]), open(sys.argv[2]).read()
ISSUER = 'http://127.0.0.1:%d' % PORT
CLIENTS = {'hearth': ('hearth-secret', ('password', 'client_credentials')), 'robot': ('robot-secret', ('client_credentials',))}
USERS = {'fed': 'labpass'}
ASKED = []


class Client:
    def __init__(self, name):
        self.client_id = name


class Validator(RequestValidator):
    def authenticate_client(self, request, *args, **kwargs):
        word, _, rest = request.headers.get('Authorization', '').partition(' ')
        if word.lower() != 'basic':
            return False
        name, _, secret = base64.b64decode(rest).decode().partition(':')
        if name not in CLIENTS or CLIENTS[name][0] != secret:
            return False
        request.client = Client(name)
        return True

    def client_authentication_required(self, request, *args, **kwargs):
        return True

    def validate_grant_type(self, client_id, grant_type, client, request, *args, **kwargs):
        return grant_type in CLIENTS[client.client_id][1]

    def validate_user(self, username, password, client, request, *args, **kwargs):
        request.user = username
        return USERS.get(username) == password

    def validate_scopes(self, client_id, scopes, client, request, *args, **kwargs):
        return all(s in ('openid', 'profile', 'email') or s.startswith('seconds:') for s in scopes)

    def get_default_scopes(self, client_id, request, *args, **kwargs):
        return ['openid']

    def save_bearer_token(self, token, request, *args, **kwargs):
        return None


def signed(request):
    seconds = [int(s[8:]) for s in request.scopes if s.startswith('seconds:')]
    now = int(time.time())
    return jwt.encode({'iss': ISSUER, 'sub': request.user or request.client.client_id, 'aud': 'keystone', 'iat': now,
                       'exp': now + (seconds[0] if seconds else 3600), 'jti': str(uuid.uuid4()), 'scope': ' '.join(request.scopes)},
                      KEY, algorithm='RS256', headers={'kid': 'lab'})


SERVERS = {'password': LegacyApplicationServer(Validator(), token_generator=signed),
           'client_credentials': BackendApplicationServer(Validator(), token_generator=signed)}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, status, body, headers=()):
        body = body.encode()
        self.send_response(status)
        for name, value in dict({'Content-Type': 'application/json'}, **dict(headers)).items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == '/requests':
            return self.answer(200, ''.join(json.dumps(a, sort_keys=True) + '\n' for a in ASKED))
        ASKED.append({'method': 'GET', 'path': self.path, 'authorization': self.headers.get('Authorization', '')})
        if self.path == '/.well-known/openid-configuration':
            return self.answer(200, json.dumps({
                'issuer': ISSUER, 'token_endpoint': ISSUER + '/token', 'response_types_supported': ['token'],
                'grant_types_supported': sorted(SERVERS)}))
        if self.path == '/elsewhere':  # a document that leads away
            return self.answer(200, json.dumps({'token_endpoint': 'http://localhost:%d/token' % PORT}))
        self.answer(404, '{}')

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0))).decode()
        form = urllib.parse.parse_qs(body)
        ASKED.append({'method': 'POST', 'path': self.path, 'authorization': self.headers.get('Authorization', ''), 'form': form,
                      'type': self.headers.get('Content-Type', '')})
        if self.path != '/token':
            return self.answer(404, '{}')
        grant = form.get('grant_type', [''])[0]
        server = SERVERS.get(grant, SERVERS['password'])
        headers, text, status = server.create_token_response(ISSUER + '/token', 'POST', body, dict(self.headers))
        self.answer(status, text, headers)


if __name__ == '__main__':
    # oauthlib wants TLS, which is another process's affair on loopback.
    import os
    os.environ['OAUTHLIB_INSECURE_TRANSPORT'] = '1'
    http.server.ThreadingHTTPServer(('127.0.0.1', PORT), Handler).serve_forever()
