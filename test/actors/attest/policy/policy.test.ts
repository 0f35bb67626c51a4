/** The policy language and reference values: what is said, each mistake with its line and column, any bytes at all. */
import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { openReferences, parsePolicy } from '../../../../actors/attest/index.ts';
import { allowedFirmware, firmwareText } from '../../../../actors/attest/policy/firmware.ts';
import { ruleOf } from '../../../../actors/attest/policy/policy.ts';
import { parseReferences } from '../../../../actors/attest/policy/references.ts';
import { compareVersions } from '../../../../actors/attest/policy/versions.ts';
import { MsecError } from '../../../../engine/base/index.ts';
import { ALG_SHA1, ALG_SHA256 } from '../../../../schemas/tpm/index.ts';
import { makePublisher, POLICY, referencesText } from '../../../support/attested-device.ts';
import { digest, extend } from '../../../support/attester.ts';

const policy = (text: string) => parsePolicy(Buffer.from(text), 'p');
const references = (text: string) => parseReferences(Buffer.from(text), 'r');
const HEAD = 'policy a 1\nquote at most 1 minutes old\n';
const HEX = 'ab'.repeat(32);

t.test('a policy says what it says', async (t) => {
  const read = policy(POLICY);
  t.match(read, { name: 'gateways', version: 3, ageMsMax: 60_000, bank: ALG_SHA256, firmware: ['2.1', '2.2'] });
  t.same([...read.pcrs.keys()], [0, 1, 2, 3, 4, 6, 7, 5, 9, 10]);
  t.equal(read.pcrs.get(10)!.from, 'ima log');
  t.equal(read.areViolationsAllowed, false);
  t.equal(read.isUnsafeClockAllowed, false);
  const small = policy(`${HEAD}bank sha1 # the oldest\n\npcr 14 is ${'0'.repeat(40)} or ${'A'.repeat(40)}`);
  t.match(small, { ageMsMax: 60_000, bank: ALG_SHA1 });
  t.same(small.pcrs.get(14), { from: 'values', values: [Buffer.alloc(20), Buffer.alloc(20, 0xaa)] });
});

t.test('held frames are kept for the operator unless the policy says what becomes of them', async (t) => {
  const said = (line: string) => policy(`${HEAD}pcr 14 is ${HEX}\n${line}`).onReturn;
  t.equal(said(''), 'keep');
  t.equal(said('on return keep held for the operator'), 'keep');
  t.equal(said('on return release held # all of it'), 'release');
  t.equal(said('on return drop held'), 'drop');
  const wrong = { code: 'POLICY_INVALID', message: /p:4:/ };
  for (const line of [
    'on return',
    'on return release',
    'on return release all',
    'on arrival drop held',
    'on return keep held',
  ])
    t.throws(() => said(line), wrong);
  t.throws(() => said('on return drop held\non return release held'), { message: /p:5:1: "on" is there twice/ });
});

t.test('of a version and newer ones, those are taken that somebody has signed values of', async (t) => {
  const versions = ['2.0.9', '2.1', '2.1.0', '2.2', '2.10', '10', '2.9-rc1', 'next', '1.99'];
  const known = references(`references\n${versions.map((version) => `firmware ${version}\n`).join('')}`);
  const taken = (text: string) => {
    const read = policy(`${HEAD}pcr 0 from references\nfirmware ${text}`);
    return [firmwareText(read), ...allowedFirmware(read, known).map(({ version }) => version)];
  };
  t.same(taken('2.1 or newer'), ['2.1 or newer', '2.1', '2.1.0', '2.2', '2.10', '10']);
  t.same(taken('2.9 or newer'), ['2.9 or newer', '2.10', '10']);
  t.same(taken('11 or newer'), ['11 or newer']);
  t.same(taken('next or 2.1 or 3'), ['next or 2.1 or 3', 'next', '2.1']);
  const version = fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      const sign = (left: string, right: string) => Math.sign(compareVersions(left, right));
      return (
        sign(a, b) === -sign(b, a) && sign(a, `${a}.0`) === 0 && !(sign(a, b) < 0 && sign(b, c) < 0 && sign(a, c) >= 0)
      );
    }),
  );
});

t.test('of two rules for a path the first counts', async (t) => {
  const rules = ['file /a/b any', 'file /a/** from references', 'file /a/c any', 'firmware 1'];
  const read = policy(`${HEAD}pcr 10 from ima log\n${rules.join('\n')}`);
  t.equal(ruleOf(read, '/a/b')?.allows.kind, 'any');
  t.equal(ruleOf(read, '/a/c')?.allows.kind, 'references', 'the folder stands before it');
  t.equal(ruleOf(read, '/a/d/e')?.allows.kind, 'references');
  t.equal(ruleOf(read, '/a'), undefined);
  t.equal(ruleOf(read, '/ab'), undefined);
  t.equal(ruleOf(read, '/a/../etc/shadow'), undefined, 'by its letters alone it lies in the folder');
});

t.test('each mistake is named with line and column', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'p:1:1: a policy begins with "policy", its name and its version'],
    ['quote at most 1 s old', 'p:1:1: a policy begins with "policy", its name and its version'],
    [`${HEAD}`, 'p:2:1: no "pcr" line: a policy that checks no PCR would trust every device'],
    ['policy a 1\npcr 1 from boot log', 'p:2:1: "quote at most … old" is missing: how old a quote may be'],
    [`${HEAD}pcr 24 is ${HEX}`, 'p:3:5: PCRs are numbered from 0 to 23, as in 0-4,7; "24" is none'],
    [`${HEAD}pcr 4-2 is ${HEX}`, 'p:3:5: PCRs are numbered from 0 to 23, as in 0-4,7; "4-2" is none'],
    [
      `${HEAD}pcr 1 is ${HEX.slice(2)}`,
      `p:3:10: a value of this bank has 64 hexadecimal digits, not "${HEX.slice(0, 40)}…"`,
    ],
    [`${HEAD}pcr 1 is ${HEX} or`, 'p:3:77: the value is missing'],
    [`${HEAD}pcr 1 is ${HEX} ${HEX}`, `p:3:75: nothing is expected here, not "${HEX.slice(0, 40)}…"`],
    [
      `${HEAD}pcr 1 from boot`,
      'p:3:7: "is" and a value, "from references", "from boot log" or "from ima log" is expected',
    ],
    [`${HEAD}pcr 1 from boot log\npcr 0-3 from boot log`, 'p:4:9: PCR 1 has a line already'],
    [`${HEAD}pcr 11 from ima log\nfile /a any`, 'p:3:20: the ima log is in PCR 10 alone'],
    [`${HEAD}pcr 1 from boot log\nbank sha1`, 'p:4:1: "bank" stands before the first "pcr"'],
    [`${HEAD}bank md5\npcr 1 from boot log`, 'p:3:6: a bank is sha1, sha256, sha384, sha512, not "md5"'],
    [`${HEAD}pcr 1 from boot log\nclock may be safe`, 'p:4:14: "unsafe" is expected, not "safe"'],
    [`${HEAD}pcr 1 from boot log\nallow everything`, 'p:4:1: no statement begins with "allow"'],
    [`${HEAD}quote at most 2 s old\npcr 1 from boot log`, 'p:3:1: "quote" is there twice'],
    ['policy a 1\nquote at most 1 years old\npcr 1 from boot log', 'p:2:17: a unit is s, seconds, minutes, hours'],
    ['policy a 1\nquote at most 0 s old\npcr 1 from boot log', 'p:2:17: an age lies between a second and 31 days'],
    [`${HEAD}pcr 10 from ima log`, 'p:3:1: PCR 10 is from the ima log, and no "file" line says what may stand in it'],
    [
      `${HEAD}pcr 1 from boot log\nfile /a any`,
      'p:4:1: a line is about files, which nothing checks without "pcr 10 from ima log"',
    ],
    [
      `${HEAD}pcr 1 from references`,
      'p:3:1: something is "from references", and no "firmware" line says which versions',
    ],
    [`${HEAD}pcr 1 from boot log\nfirmware 1`, 'p:4:1: a "firmware" line, and nothing is "from references"'],
    [
      `${HEAD}pcr 1 from references\nfirmware 2.1-rc or newer`,
      'p:4:25: nothing is newer than "2.1-rc": it is not numbers with dots',
    ],
    [`${HEAD}pcr 1 from references\nfirmware 2 or newer or 3`, 'p:4:21: nothing is expected here, not "or"'],
    [
      `${HEAD}pcr 1 from references\nfirmware 2 or 3 or newer`,
      'p:4:20: the version has letters, digits and . _ + -, 64 at most, not "newer"',
    ],
    [`${HEAD}pcr 10 from ima log\nfile /*/a any`, 'p:4:6: a star stands at the end alone, as in /usr/lib/**'],
    [
      `${HEAD}pcr 10 from ima log\nfile /a is md6:00`,
      'p:4:12: a file\'s digest is an algorithm, a colon and its digits, not "md6:00"',
    ],
    [`${HEAD}pcr 10 from ima log\nfile /a any\nfile /a any`, 'p:5:6: this path has a line already'],
  ];
  for (const [text, says] of cases) {
    const told = messages(() => policy(text));
    t.ok(told.includes(says), `${JSON.stringify(text)}: ${told.join(' | ')}`);
  }
  t.throws(() => parsePolicy(Buffer.from([0xff, 0xfe])), { message: /policy:1:1: the file is not UTF-8/ });
  const many = `${HEAD}${'nonsense\n'.repeat(1000)}`;
  t.ok(messages(() => policy(many)).length < 30, 'no more are told than anybody reads');
});

t.test('reference values are read by version, with the value that a sequence gives', async (t) => {
  const read = references(referencesText());
  t.same([...read.versions.keys()], ['2.1', '2.2']);
  const first = read.versions.get('2.1')!;
  const [separator] = first.pcrs.get(2)!.sequences[0]!;
  t.same(first.pcrs.get(2)!.values, [extend(Buffer.alloc(32), separator!)]);
  t.ok(first.files.get('/usr/bin/msec-gateway')!.has(`sha256:${digest('gateway 2.1').toString('hex')}`));
  const cases: readonly (readonly [string, string])[] = [
    ['firmware 1', 'r:1:1: "references" is expected, not "firmware"'],
    ['references\npcr 1 is 00', 'r:2:1: "firmware" and a version come first'],
    ['references\nfirmware 1\nfirmware 1', 'r:3:11: the firmware 1 is there twice'],
    ['references\nfirmware 1\npcr 1 extends', 'r:3:14: the value is missing'],
    ['references\nfirmware 1\nbank sha1', 'r:3:6: "bank" stands once, before the first "firmware"'],
    ['references\nfirmware 1\nimage x', 'r:3:1: no statement of reference values begins with "image"'],
  ];
  for (const [text, says] of cases) {
    t.ok(messages(() => references(text)).includes(says), says);
  }
});

t.test('reference values count with a signature of a key that is trusted, over every byte', async (t) => {
  const [publisher, other] = [makePublisher(), makePublisher()];
  const text = Buffer.from(referencesText());
  const signature = publisher.sign(text);
  t.equal(openReferences(text, signature, [other.key, publisher.key]).versions.size, 2);
  const refused = { code: 'SIGNATURE_INVALID' } as const;
  t.throws(() => openReferences(text, signature, []), refused);
  t.throws(() => openReferences(text, signature, [other.key]), refused);
  t.throws(() => openReferences(text, Buffer.alloc(0), [publisher.key]), refused);
  t.throws(() => openReferences(Buffer.concat([text, Buffer.from('\n')]), signature, [publisher.key]), refused);
  // What is wrong inside is told only of a text that somebody who is trusted has signed.
  t.throws(() => openReferences(Buffer.from('nonsense'), signature, [publisher.key]), refused);
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  for (const { publicKey, privateKey } of [ec, rsa])
    t.ok(openReferences(text, sign('sha256', text, privateKey), [publicKey]));
  t.throws(() => openReferences(text, sign('sha256', text, weak.privateKey), [weak.publicKey]), refused);
});

t.test('any text is a policy or is refused, and what is accepted checks something', async (t) => {
  const words = `${POLICY} on return drop held`
    .split(/\s+/)
    .concat(['or', 'any', HEX, '#', '\n', '0-23', 'sha256:00', '', '**']);
  const shuffled = fc.array(fc.constantFrom(...words, '\n'), { maxLength: 60 }).map((all) => all.join(' '));
  const edited = fc
    .array(fc.tuple(fc.nat(), fc.constantFrom(...words)), { maxLength: 4 })
    .map((edits) =>
      edits.reduce(
        (text, [at, word]) => text.slice(0, at % text.length) + word + text.slice((at % text.length) + 1),
        POLICY,
      ),
    );
  fc.assert(
    fc.property(fc.oneof(fc.string(), shuffled, edited), (text) => {
      for (const read of [policy, references]) {
        try {
          const value = read(text);
          if ('pcrs' in value && value.pcrs.size === 0) throw new Error('a policy that checks nothing');
        } catch (error) {
          if (!(error instanceof MsecError) || error.code !== 'POLICY_INVALID') throw error;
          if (!error.message.split('\n').every((line) => /^[pr]:\d+:\d+: \S/.test(line))) throw error;
        }
      }
    }),
    { numRuns: 1_500 },
  );
  t.end();
});

function messages(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof MsecError && error.code === 'POLICY_INVALID') return error.message.split('\n');
    throw error;
  }
  return [];
}
