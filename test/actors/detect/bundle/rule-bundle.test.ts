/** What is no bundle of a trusted key is refused before anything of it is used, wherever it is damaged. */
import { generateKeyPairSync, verify } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { filesOf, openBundle, packBundle, peekBundle, signBundle } from '../../../../actors/detect/index.ts';
import { rulesFile, SIGNER, STRANGER, signed, udpRule, unsigned } from './bundles.ts';

const KEYS = [SIGNER.publicKey];
const RULES = rulesFile(udpRule(1, 'alpha'), udpRule(2, 'beta'));

t.test('a bundle holds its files as they were, under the groups that it names', async (t) => {
  const thresholds = {
    name: 'threshold.config',
    kind: 'thresholds',
    bytes: Buffer.from('suppress gen_id 1, sig_id 1\n'),
  } as const;
  const bundle = signed([RULES, thresholds], { version: 7, addresses: { HOME_NET: '10.4.0.0/16' } });
  const opened = openBundle(bundle, KEYS);
  t.equal(opened.name, 'city');
  t.equal(opened.version, 7);
  t.same(opened.addresses, { HOME_NET: '10.4.0.0/16' });
  t.same(
    filesOf(opened).map(({ name, kind, bytes }) => [name, kind, Buffer.from(bytes).toString('latin1')]),
    [
      ['local.rules', 'rules', Buffer.from(RULES.bytes).toString('latin1')],
      ['threshold.config', 'thresholds', 'suppress gen_id 1, sig_id 1\n'],
    ],
  );
  t.same(unsigned([RULES]), unsigned([RULES]), 'the same files make the same bytes');
  t.equal(opened.digest, peekBundle(signBundle(bundle, STRANGER.privateKey)).digest, 'whoever signs it');
});

t.test('nothing but a signature of a trusted key over all of it opens it', async (t) => {
  const refused = { code: 'SIGNATURE_INVALID' };
  t.throws(() => openBundle(unsigned([RULES]), KEYS), { ...refused, message: /nobody/ });
  t.throws(() => openBundle(signed([RULES], {}, STRANGER.privateKey), KEYS), refused);
  t.throws(() => openBundle(signed([RULES]), []), refused, 'where nobody is trusted');
  const both = signBundle(signed([RULES], {}, STRANGER.privateKey), SIGNER.privateKey);
  t.equal(openBundle(both, KEYS).name, 'city', 'one of several is enough');
  const [weak, strong] = [1024, 2048].map((modulusLength) => generateKeyPairSync('rsa', { modulusLength }));
  t.throws(() => openBundle(signed([RULES], {}, weak!.privateKey), [weak!.publicKey]), refused);
  t.ok(openBundle(signed([RULES], {}, strong!.privateKey), [strong!.publicKey]));
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  t.ok(openBundle(signed([RULES], {}, curve.privateKey), [curve.publicKey]));
});

t.test('the signature is one over the content itself, as other tools make it', async (t) => {
  const bundle = signed([RULES]);
  const { content } = openBundle(bundle, KEYS);
  t.ok(verify(null, content, SIGNER.publicKey, bundle.subarray(bundle.length - 64)));
});

t.test('one changed bit, or a byte less or more, is refused', async (t) => {
  const bundle = signed([RULES]);
  const codes = new Set<string>();
  const refuse = (bytes: Uint8Array): boolean => {
    try {
      openBundle(bytes, KEYS);
      return false;
    } catch (thrown) {
      const { code = '' } = thrown as { code?: string };
      codes.add(code);
      return code === 'RULES_INVALID' || code === 'SIGNATURE_INVALID';
    }
  };
  for (let at = 0; at < bundle.length; at += 1)
    for (const bit of [0, 3, 7])
      if (!refuse(Uint8Array.from(bundle, (byte, i) => (i === at ? byte ^ (1 << bit) : byte))))
        t.fail(`bit ${bit} of byte ${at}`);
  for (let length = 0; length < bundle.length; length += 1)
    if (!refuse(bundle.subarray(0, length))) t.fail(`cut to ${length}`);
  t.ok(refuse(Uint8Array.of(...bundle, 0)));
  t.same([...codes].sort(), ['RULES_INVALID', 'SIGNATURE_INVALID']);
});

t.test('whatever comes is a bundle or RULES_INVALID', async (t) => {
  const head = Buffer.from('MSECRULES\u0001', 'latin1');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, hasHead) => {
      try {
        peekBundle(hasHead ? Buffer.concat([head, noise]) : noise);
        return true;
      } catch (thrown) {
        return (thrown as { code?: string }).code === 'RULES_INVALID';
      }
    }),
    { numRuns: 2_000 },
  );
  // A signature vouches for who wrote a manifest, and not for what stands in it.
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('name', 'version', 'rules', 'addresses', 'ports'),
      (value, field) => {
        try {
          packBundle({ name: 'city', version: 1, rules: 1, addresses: {}, ports: {}, ...{ [field]: value } }, [RULES]);
          return true;
        } catch (thrown) {
          return (thrown as { code?: string }).code === 'RULES_INVALID';
        }
      },
    ),
    { numRuns: 1_000 },
  );
  t.pass('nothing else was thrown');
});

t.test(
  'files that unpack to more or less than the manifest says are refused, also under a good signature',
  async (t) => {
    const zeros = { ...RULES, bytes: Buffer.alloc(1 << 20) };
    const bomb = Buffer.from(unsigned([zeros]));
    for (const bytes of ['1048575', '1048577']) {
      const at = bomb.indexOf('"bytes":1048576') + '"bytes":'.length;
      const lied = Buffer.from(bomb);
      lied.write(bytes, at);
      const opened = openBundle(signBundle(lied, SIGNER.privateKey), KEYS);
      t.throws(() => filesOf(opened), { code: 'RULES_INVALID', field: 'files' }, bytes);
    }
    t.equal(filesOf(openBundle(signBundle(bomb, SIGNER.privateKey), KEYS))[0]?.bytes.length, 1 << 20);
  },
);
