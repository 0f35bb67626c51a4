/** Logs, quotes and certificates of real machines: all their PCR values are reproduced, and what is damaged is refused. */
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { parseBootLog, replayBootLog } from '../../../../actors/attest/evidence/boot-log.ts';
import { Findings } from '../../../../actors/attest/evidence/finding.ts';
import { openPcrs, openQuote } from '../../../../actors/attest/evidence/quote.ts';
import { valuesFromLogs } from '../../../../actors/attest/evidence/values-from-logs.ts';
import { attestationKey, qualifiedNameOf } from '../../../../actors/attest/index.ts';
import { MsecError } from '../../../../engine/base/index.ts';
import {
  ALG_SHA1,
  ALG_SHA256,
  ALG_SHA384,
  decodeAttest,
  decodePublic,
  decodeSignature,
  type HashAlgorithm,
  isSignatureOf,
  publicKeyOf,
  type QuoteAttest,
} from '../../../../schemas/tpm/index.ts';
import { needs, sharedData } from '../../../support/needs.ts';

const BANKS: Readonly<Record<string, HashAlgorithm>> = { SHA1: ALG_SHA1, SHA256: ALG_SHA256, SHA384: ALG_SHA384 };
const NO_ACTION = 3;
const RH_ENDORSEMENT = Buffer.from('4000000b', 'hex');
type Values = Readonly<Record<string, Readonly<Record<string, string>>>>;

interface RealAttestation {
  readonly ak_pub_tpmt_public: string;
  readonly ak_cert_der: string;
  readonly event_log: string;
  readonly quotes: readonly {
    readonly quote_tpms_attest: string;
    readonly signature_tpmt_signature: string;
    readonly pcrs: { readonly hash: string; readonly pcrs: Readonly<Record<string, string>> };
  }[];
}

const file = (...path: readonly string[]) => readFileSync(sharedData('tpm', ...path));

t.test('the boot logs of four machines replay to the values that their TPMs reported', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const names = readdirSync(sharedData('tpm', 'eventlogs')).filter((name) => name.endsWith('.bin'));
  t.equal(names.length, 4);
  let values = 0;
  for (const name of names) {
    const log = parseBootLog(file('eventlogs', name));
    const reported = JSON.parse(file('eventlogs', name.replace('.bin', '.pcrs.json')).toString()) as Values;
    for (const [bank, pcrs] of Object.entries(reported)) {
      const replayed = replayBootLog(log, BANKS[bank]!);
      for (const [pcr, value] of Object.entries(pcrs)) {
        if (replayed.value(Number(pcr)).toString('hex') !== value) t.fail(`${name}: PCR ${pcr} of ${bank}`);
        values += 1;
      }
    }
  }
  t.equal(values, 70);
});

t.test('a real log that is cut off anywhere is refused, or no longer replays', async (t) => {
  if (!needs(t, 'shared-data')) return;
  for (const [name, bank] of [
    ['debian-10', ALG_SHA1],
    ['cos-85-amd-sev', ALG_SHA256],
  ] as const) {
    const bytes = file('eventlogs', `${name}.bin`);
    const whole = replayBootLog(parseBootLog(bytes), bank);
    let [refused, different] = [0, 0];
    for (let length = 0; length < bytes.length; length += 5) {
      const log = parsed(bytes.subarray(0, length));
      if (log === undefined) refused += 1;
      else if (log.banks.includes(bank) && sameRegisters(replayBootLog(log, bank), whole))
        t.fail(`${name}, ${length} bytes`);
      else different += 1;
    }
    t.equal(refused + different, Math.ceil(bytes.length / 5));
    t.ok(different < 100, `${different} cuts lie between two events`);
  }
});

t.test(
  'a real log with one byte changed is refused, or changes a PCR, or changes only what nothing proves',
  async (t) => {
    if (!needs(t, 'shared-data')) return;
    const bytes = file('eventlogs', 'cos-85-amd-sev.bin');
    const before = parseBootLog(bytes);
    const registers = before.banks.map((bank) => replayBootLog(before, bank));
    let [refused, different, unproven] = [0, 0, 0];
    for (let at = 0; at < bytes.length; at += 4) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 << (at & 7);
      const log = parsed(changed);
      if (log === undefined) refused += 1;
      else if (before.banks.some((bank, i) => !sameRegisters(replayBootLog(log, bank), registers[i]!))) different += 1;
      else {
        // What is left is the text beside a measurement, or the type that a person reads.
        unproven += 1;
        const isSame = log.events.every((event, i) => event.type === NO_ACTION || event.pcr === before.events[i]!.pcr);
        if (!isSame) t.fail(`the byte at ${at} moves an event`);
      }
    }
    t.comment(`${refused} refused, ${different} with another PCR, ${unproven} of no account`);
    t.ok(refused > 100 && different > 500, 'both kinds are there');
  },
);

t.test(
  'three quotes of a real machine hold, with its key, its PCRs and its log; its certificate is of that key',
  async (t) => {
    if (!needs(t, 'shared-data')) return;
    const real = JSON.parse(file('attestations', 'gce-cos-85-no-nonce.json').toString()) as RealAttestation;
    const publicArea = Buffer.from(real.ak_pub_tpmt_public, 'hex');
    const plain = attestationKey(publicArea);
    // The key is a primary one of the endorsement hierarchy.
    const key = attestationKey(publicArea, qualifiedNameOf(plain.name, RH_ENDORSEMENT));
    const log = parseBootLog(Buffer.from(real.event_log, 'base64'));
    t.equal(real.quotes.length, 3);
    for (const { quote_tpms_attest, signature_tpmt_signature, pcrs } of real.quotes) {
      const [attest, signature] = [Buffer.from(quote_tpms_attest, 'hex'), Buffer.from(signature_tpmt_signature, 'hex')];
      t.ok(isSignatureOf(decodeSignature(signature), attest, key.key), pcrs.hash);
      const quote = decodeAttest(attest) as QuoteAttest;
      t.same(quote.qualifiedSigner, key.qualifiedName, 'the qualified signer is the key in its hierarchy');
      t.equal(quote.firmwareVersion, 0x2016_0511_0016_2800n);
      const [selection] = quote.selections;
      t.equal(selection!.bank, BANKS[pcrs.hash]);
      const values = Buffer.concat(selection!.pcrs.map((pcr) => Buffer.from(pcrs.pcrs[pcr]!, 'hex')));
      const findings = new Findings();
      t.ok(openPcrs(quote, values, key, findings), 'the values are those that were signed');
      const replayed = replayBootLog(log, selection!.bank);
      for (let pcr = 0; pcr < 10; pcr += 1)
        if (replayed.isExtended(pcr)) t.equal(replayed.value(pcr).toString('hex'), pcrs.pcrs[pcr], `PCR ${pcr}`);
      t.equal(valuesFromLogs(quote.selections, log, null, null, 'hashed').length, values.length);
      t.ok(findings.isEmpty);
      // It was made for no challenge, so it proves nothing of now.
      t.equal(openQuote(attest, signature, key, Buffer.alloc(0), findings), null);
      t.equal(findings.all[0]?.reason, 'nonce-wrong');
      for (let at = 0; at < attest.length; at += 1) {
        const changed = Buffer.from(attest);
        changed[at]! ^= 0x10;
        const found = new Findings();
        openQuote(changed, signature, key, Buffer.alloc(0), found);
        if (found.all[0]?.reason !== 'signature-invalid') t.fail(`the byte at ${at}`);
      }
    }
    const certificate = new X509Certificate(Buffer.from(real.ak_cert_der, 'base64'));
    t.ok(certificate.publicKey.equals(publicKeyOf(decodePublic(publicArea))), 'the certificate is of this key');
  },
);

t.test('the certificates of real TPMs hold keys that can be read', async (t) => {
  if (!needs(t, 'shared-data')) return;
  const kinds = readdirSync(sharedData('tpm', 'certificates')).map((name) => {
    const { publicKey } = new X509Certificate(file('certificates', name));
    return `${name.includes('ecc') ? 'ec' : 'rsa'} is ${publicKey.asymmetricKeyType}`;
  });
  t.same(kinds.sort(), ['ec is ec', 'ec is ec', 'rsa is rsa', 'rsa is rsa']);
});

function parsed(bytes: Buffer): ReturnType<typeof parseBootLog> | undefined {
  try {
    return parseBootLog(bytes);
  } catch (error) {
    if (!(error instanceof MsecError) || error.code !== 'EVIDENCE_INVALID') throw error;
    return undefined;
  }
}

function sameRegisters(a: ReturnType<typeof replayBootLog>, b: ReturnType<typeof replayBootLog>): boolean {
  for (let pcr = 0; pcr < 24; pcr += 1) if (!a.value(pcr).equals(b.value(pcr))) return false;
  return true;
}
