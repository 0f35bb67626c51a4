/** A gateway in good order, with a policy that trusts it: what tests then take away from, and benchmarks check. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  attestationKey,
  type Evidence,
  type Expectation,
  openReferences,
  type ProvenState,
  parsePolicy,
} from '../../actors/attest/index.ts';
import { ALG_SHA1, ALG_SHA256 } from '../../schemas/tpm/index.ts';
import {
  type Attester,
  type BootStep,
  bootAggregate,
  digest,
  type ImaList,
  type KeyKind,
  type Measured,
  makeAttester,
  makeBootLog,
  makeImaList,
  type QuoteSpec,
} from './attester.ts';

export const BOOT: readonly BootStep[] = [
  { pcr: 0, type: 8, data: Buffer.from('U-Boot 2026.01\0', 'utf16le') },
  { pcr: 0, type: 0x8000_0008, data: Buffer.from('firmware volume') },
  { pcr: 1, type: 0x8000_0009, data: Buffer.from('tables') },
  { pcr: 4, type: 0x8000_0007, data: Buffer.from('Calling EFI Application from Boot Option') },
  { pcr: 4, type: 0x8000_0003, data: Buffer.from('path of the kernel'), measured: Buffer.from('kernel 6.12') },
  { pcr: 5, type: 0x8000_0006, data: Buffer.from('partitions') },
  { pcr: 7, type: 0x8000_0001, data: Buffer.from('SecureBoot') },
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((pcr) => ({ pcr, type: 4, data: Buffer.alloc(4) })),
  { pcr: 9, type: 0x0d, data: Buffer.from('initrd\0') },
];

export const FILES: readonly Measured[] = [
  { path: '/usr/bin/msec-gateway', digest: digest('gateway 2.1') },
  { path: '/usr/lib/modules/tpm_tis.ko', digest: digest('module') },
  { path: '/usr/lib/libc.so.6', digest: digest('libc'), template: 'ima-sig', extra: Buffer.from('0302', 'hex') },
];

export const NONCE: Buffer = digest('a challenge').subarray(0, 20);

export interface DeviceOptions {
  readonly kind?: KeyKind;
  readonly boot?: readonly BootStep[];
  readonly files?: readonly Measured[];
}

export interface Device {
  readonly attester: Attester;
  readonly values: readonly Buffer[];
  readonly bootLog: Buffer;
  readonly ima: ImaList;
  /** A quote over PCRs 0 to 10, which proves so many entries of the list (default: all). */
  quote(change?: Partial<QuoteSpec>, proven?: number): { quote: Buffer; signature: Buffer; pcrs: Buffer };
  evidence(change?: Partial<QuoteSpec>): Evidence;
}

const PCRS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

export function makeDevice({ kind = 'ecdsa', boot = BOOT, files = FILES }: DeviceOptions = {}): Device {
  const attester = makeAttester(kind);
  const log = makeBootLog(boot, [ALG_SHA1, ALG_SHA256]);
  const values = log.values.get(ALG_SHA256)!;
  const ima = makeImaList([bootAggregate(values), ...files]);
  const quote: Device['quote'] = (change = {}, proven = files.length + 1) => {
    const tenth = proven === 0 ? Buffer.alloc(32) : ima.values(ALG_SHA256)[proven - 1]!;
    const quoted = PCRS.map((pcr) => (pcr === 10 ? tenth : values[pcr]!));
    return attester.quote({ nonce: NONCE, selections: [{ bank: ALG_SHA256, pcrs: PCRS }], values: quoted, ...change });
  };
  return {
    attester,
    values,
    bootLog: log.bytes,
    ima,
    quote,
    evidence: (change) => ({
      ...quote(change),
      bootLog: log.bytes,
      ima: { bytes: ima.binary, format: 'binary', after: 0 },
    }),
  };
}

export const POLICY = `
policy gateways 3
quote at most 60 s old
bank sha256
firmware 2.1 or 2.2
pcr 0-4,6,7 from references
pcr 5 from boot log
pcr 9 from boot log
pcr 10 from ima log
file /usr/bin/** from references
file /usr/lib/libc.so.6 is sha256:${digest('libc').toString('hex')}
file /usr/lib/modules/** from references
file /tmp/** any
`;

/** Reference values of the firmware that BOOT and FILES are, as 2.1, and of a later one. */
export function referencesText(): string {
  const sequences = (kernel: string) => {
    const of = new Map<number, string[]>();
    for (const { pcr, data, measured = data } of BOOT) {
      const text = digest(Buffer.from(measured).toString() === 'kernel 6.12' ? kernel : measured).toString('hex');
      of.set(pcr, [...(of.get(pcr) ?? []), text]);
    }
    return [0, 1, 2, 3, 4, 6, 7].map((pcr) => `pcr ${pcr} extends ${of.get(pcr)!.join(' ')}`).join('\n');
  };
  const file = (path: string, content: string) => `file ${path} is sha256:${digest(content).toString('hex')}`;
  return `references
bank sha256
firmware 2.1
${sequences('kernel 6.12')}
${file('/usr/bin/msec-gateway', 'gateway 2.1')}
${file('/usr/lib/modules/tpm_tis.ko', 'module')}
firmware 2.2
${sequences('kernel 6.18')}
${file('/usr/bin/msec-gateway', 'gateway 2.2')}
${file('/usr/lib/modules/tpm_tis.ko', 'module')}
`;
}

export interface Publisher {
  readonly key: KeyObject;
  sign(text: string | Uint8Array): Buffer;
}

export function makePublisher(): Publisher {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { key: publicKey, sign: (text) => sign(null, Buffer.from(text), privateKey) };
}

export function expectationOf(
  { attester }: Device,
  change: Partial<Expectation> = {},
  before: ProvenState | null = null,
): Expectation {
  const publisher = makePublisher();
  const text = Buffer.from(referencesText());
  return {
    key: attestationKey(attester.publicArea),
    nonce: NONCE,
    ageMs: 1_000,
    policy: parsePolicy(Buffer.from(POLICY)),
    references: openReferences(text, publisher.sign(text), [publisher.key]),
    before,
    ...change,
  };
}
