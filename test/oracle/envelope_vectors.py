"""Checks docs/specs/envelope-vectors.json from docs/specs/envelope.md alone: Python's hashlib and hmac, P-256 and Ed25519
in plain integers. It shares no code with what made the file. Prints one line for each vector; exits with 1 at a difference."""
import hashlib
import hmac
import json
import sys

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    slope = ((3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(k, point):
    total = None
    while k:
        if k & 1:
            total = add(total, point)
        point, k = add(point, point), k >> 1
    return total


def ecdsa(spki, message, signature):
    point = int.from_bytes(spki[-64:-32]), int.from_bytes(spki[-32:])
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (0 < r < N and 0 < s <= N // 2):
        return False
    e, w = int.from_bytes(hashlib.sha256(message).digest()), pow(s, -1, N)
    total = add(times(e * w % N, G), times(r * w % N, point))
    return total is not None and total[0] % N == r


Q = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q


def ed_add(a, b):
    denominator = D * a[0] * b[0] * a[1] * b[1]
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + denominator, -1, Q) % Q,
            (a[1] * b[1] + a[0] * b[0]) * pow(1 - denominator, -1, Q) % Q)


def ed_times(k, point):
    total = (0, 1)
    while k:
        if k & 1:
            total = ed_add(total, point)
        point, k = ed_add(point, point), k >> 1
    return total


def ed_point(data):
    y = int.from_bytes(data, 'little')
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, Q) % Q
    x = pow(square, (Q + 3) // 8, Q)
    if x * x % Q != square:
        x = x * pow(2, (Q - 1) // 4, Q) % Q
    assert x * x % Q == square
    return (Q - x if x & 1 != sign else x), y


def ed25519(spki, message, signature):
    key, s = spki[-32:], int.from_bytes(signature[32:], 'little')
    if s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), 'little') % L
    base_y = 4 * pow(5, -1, Q) % Q
    base = ed_point(base_y.to_bytes(32, 'little'))
    return ed_times(s, base) == ed_add(ed_point(signature[:32]), ed_times(k, ed_point(key)))


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b'\x01' + root(leaves[:split]) + root(leaves[split:])).digest()


def leaf(entry):
    return hashlib.sha256(b'\x00' + entry).digest()


def number(value, size):
    return value.to_bytes(size, 'big', signed=value < 0)


def head(vector, key_id, algorithm, time, fields, payload_length):
    device = vector['deviceId'].encode()
    return (b'MS\x01' + bytes([vector['mode'], algorithm, 0 if time is None else 1]) + key_id + bytes([len(device)]) + device
            + number(vector['bootEpoch'], 4) + number(vector['sequence'], 4)
            + (b'' if time is None else number(time, 8)) + fields + number(payload_length, 4))


def hkdf(secret, info):
    key = hmac.new(bytes(32), secret, 'sha256').digest()
    return hmac.new(key, info + b'\x01', 'sha256').digest()


def path_root(hash_, index, count, path):
    first, last = index, count - 1
    for beside in path:
        if first % 2 == 1 or first == last:
            hash_ = hashlib.sha256(b'\x01' + beside + hash_).digest()
            while first % 2 == 0 and first:
                first, last = first >> 1, last >> 1
        else:
            hash_ = hashlib.sha256(b'\x01' + hash_ + beside).digest()
        first, last = first >> 1, last >> 1
    return hash_


def main(path):
    with open(path, encoding='utf8') as file:
        vectors = json.load(file)
    data = bytes.fromhex
    keys = {name: {field: data(value) for field, value in key.items()} for name, key in vectors['keys'].items()}
    for key in keys.values():
        assert hashlib.sha256(key['spki']).digest()[:8] == key['keyId']
    start = 1795435200000
    verify = {'ecdsa-p256-sha256': (ecdsa, keys['p256'], 1), 'ed25519': (ed25519, keys['ed25519'], 2)}
    for vector in vectors['envelopes']:
        envelope = data(vector['envelope'])
        if vector['mode'] == 1:
            check, key, algorithm = verify[vector['algorithm']]
            payload = data(vector['payload'])
            signed = head(vector, key['keyId'], algorithm, start, b'', len(payload)) + payload
            assert envelope[:-64] == signed
            assert check(key['spki'], b'msec-frame-v1\x00' + signed, envelope[-64:])
        elif vector['mode'] == 2:
            check, key, algorithm = verify[vector['algorithm']]
            base = vector['frames'][0].get('deviceTimeMs')
            entries = []
            for frame in vector['frames']:
                payload = data(frame['payload'])
                delta = b'' if base is None else number(frame['deviceTimeMs'] - base, 4)
                entries.append(number(len(payload), 2) + delta + payload)
            payload = b''.join(entries)
            merkle, flat = root([leaf(entry) for entry in entries]), hashlib.sha256(payload).digest()
            assert merkle.hex() == vector['root'] and flat.hex() == vector['flatHash']
            fields = number(len(entries), 2) + merkle
            top = head(vector, key['keyId'], algorithm, base, fields, len(payload))
            assert envelope[:-64] == top + payload
            assert check(key['spki'], b'msec-batch-v1\x00' + top + flat, envelope[-64:])
        else:
            device, receiver, session = keys['p256'], keys['receiver'], vector['session']
            point = int.from_bytes(device['spki'][-64:-32]), int.from_bytes(device['spki'][-32:])
            secret = number(times(int.from_bytes(receiver['privateKey']), point)[0], 32)
            times_ = number(session['startMs'], 8) + number(session['first'], 4)
            name = vector['deviceId'].encode()
            info = (b'msec-session-v1\x00' + receiver['keyId'] + device['keyId'] + bytes([len(name)]) + name
                    + number(vector['bootEpoch'], 4) + times_)
            assert secret.hex() == vector['secret'] and hkdf(secret, info).hex() == vector['sessionKey']
            payload = data(vector['payload'])
            sealed = head(vector, device['keyId'], 3, start, receiver['keyId'] + times_, len(payload)) + payload
            assert envelope == sealed + hmac.new(hkdf(secret, info), sealed, 'sha256').digest()
        print('envelope', vector['name'])
    batches = {vector['name']: vector for vector in vectors['envelopes']}
    for one in vectors['proofs']:
        proof, vector = one['proof'], batches[one['of']]
        flat, top = data(proof['flatHash']), data(proof['head'])
        assert ecdsa(keys['p256']['spki'], b'msec-batch-v1\x00' + top + flat, data(proof['signature']))
        count = len(vector['frames'])
        assert top[-38:-36] == number(count, 2)
        reached = path_root(leaf(data(proof['entry'])), proof['index'], count, [data(text) for text in proof['path']])
        assert reached == top[-36:-4] and one['sequence'] == vector['sequence'] + proof['index']
        print('proof', one['sequence'])


main(sys.argv[1])
