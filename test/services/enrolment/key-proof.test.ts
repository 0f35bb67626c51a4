/** Who may enrol: the TPM that a trusted maker certified, with keys that were made in it, and nobody else. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { MsecError, seededRandom, systemRandom } from '../../../engine/base/index.ts';
import {
  answerChallenge,
  type DeviceKeys,
  deviceKeys,
  type EndorsementKey,
  type EnrolmentAnswer,
  endorsementKey,
  enrolmentRequest,
} from '../../../firmware/provision/index.ts';
import { makersCertificates } from '../../../firmware/swtpm/index.ts';
import { encodePublic, pcrs, publicKeyOf, type Tpm } from '../../../firmware/tpm/index.ts';
import { beginEnrolment, checkEndorsementChain, makersOf } from '../../../services/enrolment/index.ts';
import { needs, sharedData } from '../../support/needs.ts';
import { type Swtpm, startSwtpm } from '../../support/swtpm.ts';

const refused = (field: string, message = /./) => ({ code: 'ENROLMENT_REFUSED', field, message });
const DAY_MS = 86_400_000;

interface Device {
  readonly swtpm: Swtpm;
  readonly tpm: Tpm;
  readonly keys: DeviceKeys;
  readonly endorsement: EndorsementKey;
}

async function device(boundTo: Parameters<typeof deviceKeys>[1] = null): Promise<Device> {
  const swtpm = await startSwtpm({ withCertificates: true });
  const tpm = await swtpm.open();
  return { swtpm, tpm, keys: await deviceKeys(tpm, boundTo), endorsement: await endorsementKey(tpm) };
}

t.test('enrolment', async (t) => {
  if (!needs(t, 'swtpm', 'swtpm_setup', 'swtpm_localca')) return;
  const ours = await device();
  const other = await device(pcrs(7));
  t.teardown(async () => {
    for (const { tpm, swtpm } of [ours, other]) {
      await tpm.close();
      await swtpm.stop();
    }
  });
  const makers = makersOf(makersCertificates(join(ours.swtpm.folder, 'ca')));
  const options = { makers, nowMs: Date.now(), random: systemRandom };
  const request = enrolmentRequest(ours.endorsement, ours.keys);

  await t.test('keys of a certified TPM, free or bound to PCRs', async (t) => {
    const pending = beginEnrolment(request, options);
    const keys = pending.check(await answerChallenge(ours.tpm, ours.endorsement, ours.keys, pending.challenge));
    t.ok(keys.signing.equals(publicKeyOf(ours.keys.signing.area)));
    t.ok(keys.agreement.equals(publicKeyOf(ours.keys.agreement.area)));
    const bound = beginEnrolment(enrolmentRequest(other.endorsement, other.keys), {
      ...options,
      makers: makersOf(makersCertificates(join(other.swtpm.folder, 'ca'))),
    });
    t.ok(bound.check(await answerChallenge(other.tpm, other.endorsement, other.keys, bound.challenge)));
  });

  await t.test('a TPM of a maker who is not trusted', (t) => {
    t.throws(
      () => beginEnrolment(enrolmentRequest(other.endorsement, other.keys), options),
      refused('endorsementCertificate', /no maker/),
    );
    t.end();
  });

  await t.test('the certificate of one TPM with the keys of another', async (t) => {
    const mixed = { ...request, keys: enrolmentRequest(other.endorsement, other.keys).keys };
    const pending = beginEnrolment(mixed, options);
    await t.rejects(
      answerChallenge(other.tpm, other.endorsement, other.keys, pending.challenge),
      { code: 'TPM_REFUSED' },
      'the other TPM cannot open it',
    );
    await t.rejects(
      answerChallenge(ours.tpm, ours.endorsement, ours.keys, pending.challenge),
      { code: 'TPM_REFUSED', message: /INTEGRITY/ },
      'nor can the certified one: it does not hold that key',
    );
    t.throws(
      () =>
        beginEnrolment(
          { ...request, endorsementKey: enrolmentRequest(other.endorsement, other.keys).endorsementKey },
          options,
        ),
      refused('endorsementKey', /not the one/),
    );
  });

  await t.test('a key that is not in the TPM, under the attributes of one that is', async (t) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x, y } = publicKey.export({ format: 'jwk' });
    const bytes = (text: string | undefined) => Buffer.from(text!, 'base64url');
    const { area } = ours.keys.signing;
    const forged = encodePublic({ ...(area as Extract<typeof area, { x: Uint8Array }>), x: bytes(x), y: bytes(y) });
    const keys = { ...request.keys, signing: forged.toString('base64') };
    const pending = beginEnrolment({ ...request, keys }, options);
    const answer = await answerChallenge(ours.tpm, ours.endorsement, ours.keys, pending.challenge);
    t.throws(() => pending.check(answer), refused('signing', /another key/));
  });

  await t.test('a key that could leave the TPM, or is of another use', (t) => {
    const { area } = ours.keys.signing;
    const movable = encodePublic({ ...area, attributes: area.attributes & ~0x12 }).toString('base64');
    for (const signing of [movable, request.keys.attestation, request.keys.agreement])
      t.throws(
        () => beginEnrolment({ ...request, keys: { ...request.keys, signing } }, options),
        refused('signing', /not made as/),
      );
    t.end();
  });

  await t.test('an answer of another enrolment, or one with anything changed', async (t) => {
    const pending = beginEnrolment(request, options);
    const answer = await answerChallenge(ours.tpm, ours.endorsement, ours.keys, pending.challenge);
    const again = beginEnrolment(request, options);
    t.throws(() => again.check(answer), refused('credential'));
    const later = await answerChallenge(ours.tpm, ours.endorsement, ours.keys, again.challenge);
    t.throws(() => again.check({ ...later, signing: answer.signing }), refused('signing', /another enrolment/));
    t.throws(() => again.check({ ...later, signing: later.agreement }), refused('signing', /another key/));
    let tried = 0;
    for (const [field, text] of fieldsOf(later))
      for (const changed of changesOf(text)) {
        tried++;
        try {
          again.check(withField(later, field, changed));
          t.fail(`${field} as ${changed} was accepted`);
        } catch (error) {
          if (!(error instanceof MsecError) || error.code !== 'ENROLMENT_REFUSED') throw error;
        }
      }
    t.ok(tried > 300, `${tried} changed answers are refused`);
    t.ok(again.check(later), 'the unchanged one still is good');
  });

  await t.test('a request with anything changed is refused, or its challenge can be opened by nobody', (t) => {
    let refusals = 0;
    for (const changed of changesOf(request.endorsementKey)) {
      try {
        beginEnrolment({ ...request, endorsementKey: changed }, options);
      } catch (error) {
        if (!(error instanceof MsecError) || error.code !== 'ENROLMENT_REFUSED') throw error;
        refusals++;
      }
    }
    t.ok(refusals > 50);
    for (const value of ['', '!', 'A'.repeat(9000)])
      t.throws(
        () => beginEnrolment({ ...request, endorsementCertificate: value }, options),
        refused('endorsementCertificate'),
      );
    t.end();
  });

  await t.test('certificates of endorsement keys', (t) => {
    const der = ours.endorsement.certificate;
    const check = (given: Uint8Array, by = makers, nowMs = options.nowMs) => checkEndorsementChain(given, by, nowMs);
    t.ok(check(der).publicKey);
    const [root, issuer] = makers as [X509Certificate, X509Certificate];
    t.throws(() => check(der, [root]), refused('endorsementCertificate', /no maker/), 'a link is missing');
    t.throws(() => check(der, [issuer]), refused('endorsementCertificate', /no maker/), 'the root is missing');
    t.throws(() => check(issuer.raw), refused('endorsementCertificate', /not meant/));
    t.throws(() => check(der, makers, options.nowMs - 2 * DAY_MS), refused('endorsementCertificate', /valid from/));
    t.throws(() => check(der, makers, Date.UTC(10_000, 0, 1)), refused('endorsementCertificate', /valid from/));
    t.throws(() => makersOf('nothing'), { code: 'CONFIG_INVALID' });
    const key = new X509Certificate(der).publicKey;
    const random = seededRandom(7);
    for (let byte = 0; byte < der.length; byte++) {
      const flipped = Buffer.from(der);
      flipped[byte]! ^= 1 << (random.u32() & 7);
      for (const changed of [flipped, der.subarray(0, byte)]) {
        try {
          if (!check(changed).publicKey.equals(key)) t.fail(`another key is accepted: ${changed.toString('hex')}`);
        } catch (error) {
          if (!(error instanceof MsecError) || error.code !== 'ENROLMENT_REFUSED') throw error;
        }
      }
    }
    t.end();
  });

  await t.test('certificates of real virtual TPMs, whose maker nobody has named', (t) => {
    if (!needs(t, 'shared-data')) return;
    const folder = sharedData('tpm', 'certificates');
    for (const name of readdirSync(folder)) {
      const { raw } = new X509Certificate(readFileSync(join(folder, name)));
      t.throws(() => checkEndorsementChain(raw, makers, options.nowMs), refused('endorsementCertificate'), name);
    }
    t.end();
  });
});

type Field = 'credential' | 'signing.attest' | 'signing.signature' | 'agreement.attest' | 'agreement.signature';

function fieldsOf({ credential, signing, agreement }: EnrolmentAnswer): [Field, string][] {
  return [
    ['credential', credential],
    ['signing.attest', signing.attest],
    ['signing.signature', signing.signature],
    ['agreement.attest', agreement.attest],
    ['agreement.signature', agreement.signature],
  ];
}

function withField(answer: EnrolmentAnswer, field: Field, text: string): EnrolmentAnswer {
  if (field === 'credential') return { ...answer, credential: text };
  const [kind, part] = field.split('.') as ['signing' | 'agreement', 'attest' | 'signature'];
  return { ...answer, [kind]: { ...answer[kind], [part]: text } };
}

/** Cut off and with one bit flipped, at each byte. */
function* changesOf(text: string): Generator<string> {
  const bytes = Buffer.from(text, 'base64');
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1 << (at & 7);
    yield flipped.toString('base64');
    yield bytes.subarray(0, at).toString('base64');
  }
}
