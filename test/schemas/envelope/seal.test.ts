import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { seededRandom } from '../../../engine/base/index.ts';
import {
  KIND_ENVELOPE,
  KIND_UNSIGNED,
  type OpeningKeys,
  readSealedHead,
  Sealer,
  unseal,
} from '../../../schemas/envelope/index.ts';

const key = createSecretKey(Buffer.alloc(32, 9));
const sealing = { keyId: '2026-11-23', key };
const keys: OpeningKeys = {
  openingKey: (keyId) => (keyId === sealing.keyId ? key : null),
  pseudonymKey: () => null,
};

t.test('what was sealed is opened again, by the same device and key alone', async (t) => {
  const sealer = new Sealer(seededRandom(1));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(KIND_ENVELOPE, KIND_UNSIGNED), (body, kind) => {
      const sealed = sealer.seal(kind, sealing, 'dev-1', body);
      t.equal(readSealedHead(sealed).kind, kind + 1);
      t.same(unseal(keys, 'dev-1', sealed), body);
      t.same(unseal(keys, 'dev-1', Uint8Array.of(0, ...sealed, 0), 1, 1 + sealed.length), body);
      t.throws(() => unseal(keys, 'dev-2', sealed), { code: 'SEAL_INVALID', field: 'tag' });
      t.throws(() => unseal({ ...keys, openingKey: () => null }, 'dev-1', sealed), { code: 'KEY_DESTROYED' });
    }),
    { numRuns: 50 },
  );
});

t.test('a change of any bit, and any cut, is found', async (t) => {
  const sealed = new Sealer(seededRandom(1)).seal(KIND_ENVELOPE, sealing, 'dev-1', Buffer.from('some payload'));
  for (let at = 0; at < sealed.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const changed = sealed.slice();
      changed[at] = (changed[at] as number) ^ (1 << bit);
      t.throws(() => unseal(keys, 'dev-1', changed), { code: /^SEAL_INVALID$|^KEY_DESTROYED$/ });
    }
    t.throws(() => unseal(keys, 'dev-1', sealed.slice(0, at)), { code: 'SEAL_INVALID' });
  }
});

t.test('no nonce is used twice, by one sealer or by two', async (t) => {
  const random = seededRandom(3);
  const sealers = [new Sealer(random), new Sealer(random)];
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    for (const sealer of sealers) {
      const sealed = sealer.seal(KIND_ENVELOPE, sealing, 'd', new Uint8Array(1));
      seen.add(Buffer.from(sealed.subarray(13, 25)).toString('hex'));
    }
  }
  t.equal(seen.size, 2000);
});

t.test('the same body sealed twice shows no likeness', async (t) => {
  const sealer = new Sealer(seededRandom(1));
  const body = Buffer.from('CC:4B:73:64:59:66@-41');
  const [a, b] = [1, 2].map(() => Buffer.from(sealer.seal(KIND_ENVELOPE, sealing, 'd', body)));
  t.notSame(a?.subarray(25), b?.subarray(25));
  t.notOk(a?.includes('CC:4B'));
});
