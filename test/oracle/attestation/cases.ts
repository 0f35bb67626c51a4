/** Mutated quotes, IMA lists and boot logs, each with what was done to it: what this repository and other verifiers judge. */
import { ALG_SHA1, ALG_SHA256, ALG_SHA384, type HashAlgorithm } from '../../../schemas/tpm/index.ts';
import { BOOT } from '../../support/attested-device.ts';
import {
  type Attester,
  attestOf,
  bootAggregate,
  digest,
  type KeyKind,
  type Measured,
  makeAttester,
  makeBootLog,
  makeImaList,
  type QuoteSpec,
  u16,
} from '../../support/attester.ts';

export interface QuoteCase {
  readonly kind: 'quote';
  readonly mutation: string;
  readonly key: Buffer;
  readonly attest: Buffer;
  readonly signature: Buffer;
  readonly nonce: Buffer;
  /** What is claimed beside the quote, of the SHA-256 bank. */
  readonly pcrs: readonly (readonly [number, Buffer])[];
}

export interface ImaCase {
  readonly kind: 'ima';
  readonly mutation: string;
  readonly list: Buffer;
  readonly quoted: Buffer;
  readonly files: ReadonlyMap<string, Buffer>;
  /** PCRs 0 to 9, for the boot aggregate. */
  readonly boot: readonly Buffer[];
}

export interface BootCase {
  readonly kind: 'boot';
  readonly mutation: string;
  readonly log: Buffer;
  readonly pcrs: readonly (readonly [number, Buffer])[];
}

export type Case = QuoteCase | ImaCase | BootCase;

/** Numbers from a seed: a case that is explained once must come again. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  flipped(bytes: Buffer): Buffer {
    const changed = Buffer.from(bytes);
    const bit = this.below(bytes.length * 8);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    return changed;
  }

  cut(bytes: Buffer): Buffer {
    return bytes.subarray(0, this.below(bytes.length));
  }
}

/** Without 10: Keylime wants IMA's list for that one. */
const PCRS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const NONCE = digest('nonce').subarray(0, 20);
const VALUES = PCRS.map((pcr) => digest(`value ${pcr}`));
const SPEC: QuoteSpec = { nonce: NONCE, selections: [{ bank: ALG_SHA256, pcrs: PCRS }], values: VALUES };

type QuoteChange = (dice: Dice, attester: Attester) => Partial<Omit<QuoteCase, 'kind' | 'mutation'>>;

/** A quote that the key has signed, whatever it says. */
const signed =
  (change: (dice: Dice) => Partial<QuoteSpec>): QuoteChange =>
  (dice, attester) => {
    const attest = attestOf({ ...SPEC, ...change(dice) });
    return { attest, signature: attester.sign(attest) };
  };
const rewritten =
  (change: (dice: Dice, attest: Buffer) => Buffer): QuoteChange =>
  (dice, attester) => {
    const attest = change(dice, attestOf(SPEC));
    return { attest, signature: attester.sign(attest) };
  };

const QUOTE_CHANGES: Readonly<Record<string, readonly [number, QuoteChange]>> = {
  nothing: [20, () => ({})],
  'a bit of the quote': [150, (dice) => ({ attest: dice.flipped(attestOf(SPEC)) })],
  'a bit of the signature': [150, (dice, attester) => ({ signature: dice.flipped(attester.sign(attestOf(SPEC))) })],
  'the signature cut off': [40, (dice, attester) => ({ signature: dice.cut(attester.sign(attestOf(SPEC))) })],
  'bytes behind the signature': [
    4,
    (_, attester) => ({ signature: Buffer.concat([attester.sign(attestOf(SPEC)), Buffer.of(0)]) }),
  ],
  'the key of another': [4, (_, attester) => ({ key: makeAttester(attester.kind).publicArea })],
  'the scheme in the signature': [
    6,
    (_, { kind, sign }) => {
      const signature = sign(attestOf(SPEC));
      signature.set(u16(kind === 'rsassa' ? 0x16 : 0x14));
      return { signature };
    },
  ],
  'the hash in the signature': [
    6,
    (dice, { sign }) => {
      const signature = sign(attestOf(SPEC));
      signature.set(u16([4, 12, 13, 18][dice.below(4)]!), 2);
      return { signature };
    },
  ],
  'another nonce': [20, signed((dice) => ({ nonce: digest(`${dice.below(1e9)}`).subarray(0, 20) }))],
  'no nonce': [2, signed(() => ({ nonce: Buffer.alloc(0) }))],
  'a nonce that goes on': [4, signed(() => ({ nonce: Buffer.concat([NONCE, Buffer.of(1)]) }))],
  'another magic': [6, signed((dice) => ({ magic: dice.below(0xffffffff) }))],
  'another type': [10, signed((dice) => ({ type: [0x8014, 0x8015, 0x8016, 0x8017, 0x8019, 0x801a][dice.below(6)]! }))],
  'a claimed value': [
    60,
    (dice) => ({
      pcrs: claimed((i, value) => (i === dice.below(PCRS.length) || i === 0 ? dice.flipped(value) : value)),
    }),
  ],
  'a value is left out': [6, (dice) => ({ pcrs: claimed().toSpliced(dice.below(PCRS.length), 1) })],
  'a value more': [4, () => ({ pcrs: [...claimed(), [23, digest('more')] as const] })],
  'no values': [2, () => ({ pcrs: [] })],
  'PCRs 11 to 20 signed, claimed as 0 to 9': [
    4,
    signed(() => ({ selections: [{ bank: ALG_SHA256, pcrs: PCRS.map((pcr) => pcr + 11) }] })),
  ],
  'the SHA-1 bank signed': [4, signed(() => ({ selections: [{ bank: ALG_SHA1, pcrs: PCRS }] }))],
  'two banks signed': [
    4,
    signed(() => ({
      selections: [
        { bank: ALG_SHA256, pcrs: PCRS },
        { bank: ALG_SHA384, pcrs: [] },
      ],
    })),
  ],
  'an empty selection signed': [2, signed(() => ({ selections: [{ bank: ALG_SHA256, pcrs: [] }], values: [] }))],
  'bytes behind the quote, signed': [4, rewritten((_, attest) => Buffer.concat([attest, Buffer.of(0, 0)]))],
  'a quote cut off, signed': [60, rewritten((dice, attest) => dice.cut(attest))],
  'a bit of the quote, signed': [260, rewritten((dice, attest) => dice.flipped(attest))],
  'a clock of any time': [
    10,
    signed((dice) => ({
      clockMs: BigInt(dice.below(1e9)) + 1n,
      resetCount: dice.below(100),
      restartCount: dice.below(100),
    })),
  ],
};

function claimed(change: (i: number, value: Buffer) => Buffer = (_, value) => value): (readonly [number, Buffer])[] {
  return VALUES.map((value, i) => [PCRS[i]!, change(i, value)] as const);
}

export function* quoteCases(seed: number): Generator<QuoteCase> {
  const dice = new Dice(seed);
  for (const kind of ['rsassa', 'ecdsa', 'rsapss'] satisfies KeyKind[]) {
    const attester = makeAttester(kind);
    for (const [name, [times, change]] of Object.entries(QUOTE_CHANGES)) {
      for (let i = 0; i < times; i++) {
        const attest = attestOf(SPEC);
        const plain = {
          key: attester.publicArea,
          attest,
          signature: attester.sign(attest),
          nonce: NONCE,
          pcrs: claimed(),
        };
        yield { kind: 'quote', mutation: `${kind}: ${name}`, ...plain, ...change(dice, attester) };
      }
    }
  }
}

const BOOT_VALUES = Array.from({ length: 10 }, (_, pcr) => digest(`boot ${pcr}`));
const FILE_COUNT = 12;
const MEASURED: readonly Measured[] = [
  bootAggregate(BOOT_VALUES, 'sha256'),
  ...Array.from({ length: FILE_COUNT }, (_, i) => ({
    path: `/usr/bin/program-${i}`,
    digest: digest(`program ${i}`),
    template: i % 3 === 0 ? ('ima-sig' as const) : ('ima-ng' as const),
  })),
];
const FILES: ReadonlyMap<string, Buffer> = new Map(MEASURED.map(({ path, digest: of }) => [path, Buffer.from(of)]));

type ImaChange = (dice: Dice) => {
  entries?: readonly Measured[];
  text?: (text: string) => string;
  proven?: number;
  quoted?: Buffer;
};

const digit = (dice: Dice, text: string): string => {
  const at = dice.below(text.length);
  return text.slice(0, at) + '0123456789abcdef :/\n'[dice.below(20)] + text.slice(at + 1);
};
const lines = (change: (all: string[], at: number) => string[]) => (dice: Dice) => ({
  text: (text: string) => {
    const all = text.split('\n').slice(0, -1);
    return change(all, dice.below(all.length - 1))
      .map((line) => `${line}\n`)
      .join('');
  },
});

const IMA_CHANGES: Readonly<Record<string, readonly [number, ImaChange]>> = {
  nothing: [20, () => ({})],
  'a character': [700, (dice) => ({ text: (text) => digit(dice, text) })],
  'cut off': [120, (dice) => ({ text: (text) => text.slice(0, dice.below(text.length)) })],
  'an entry left out': [60, lines((all, at) => all.toSpliced(at, 1))],
  'an entry twice': [60, lines((all, at) => all.toSpliced(at, 0, all[at]!))],
  'two entries exchanged': [60, lines((all, at) => all.toSpliced(at, 2, all[at + 1]!, all[at]!))],
  'an empty line': [10, lines((all, at) => all.toSpliced(at, 0, ''))],
  'the first entry left out, proven so': [10, () => ({ entries: MEASURED.slice(1) })],
  'no entry, proven so': [2, () => ({ entries: [], quoted: Buffer.alloc(32) })],
  'no entry': [2, () => ({ text: () => '' })],
  'the list ahead of the quote': [60, (dice) => ({ proven: dice.below(FILE_COUNT) + 1 })],
  'nothing proven yet': [4, () => ({ proven: 0 })],
  'a value of nothing': [20, (dice) => ({ quoted: digest(`${dice.below(1e9)}`) })],
  'a file changed': [
    100,
    (dice) => ({ entries: replaced(dice, (entry) => ({ ...entry, digest: digest('changed') })) }),
  ],
  'a file unknown': [100, (dice) => ({ entries: replaced(dice, (entry) => ({ ...entry, path: `${entry.path}-2` })) })],
  'a violation': [100, (dice) => ({ entries: replaced(dice, (entry) => ({ ...entry, isViolation: true })) })],
  'another PCR': [20, (dice) => ({ entries: replaced(dice, (entry) => ({ ...entry, pcr: 11 })) })],
  'a file of the oldest template': [
    10,
    (dice) => ({ entries: replaced(dice, (entry) => ({ ...entry, template: 'ima', digest: digest('x', 'sha1') })) }),
  ],
  'a file of the newest template': [
    10,
    (dice) => ({ entries: replaced(dice, (entry) => ({ ...entry, template: 'ima-ngv2' })) }),
  ],
  'a boot aggregate of another start': [
    10,
    () => ({ entries: [bootAggregate(BOOT_VALUES.toReversed()), ...MEASURED.slice(1)] }),
  ],
};

function replaced(dice: Dice, change: (entry: Measured) => Measured): Measured[] {
  const at = 1 + dice.below(FILE_COUNT);
  return MEASURED.map((entry, i) => (i === at ? change(entry) : entry));
}

export function* imaCases(seed: number): Generator<ImaCase> {
  const dice = new Dice(seed);
  for (const [mutation, [times, change]] of Object.entries(IMA_CHANGES)) {
    for (let i = 0; i < times; i++) {
      const { entries = MEASURED, text = (list: string) => list, proven, quoted } = change(dice);
      const made = makeImaList(entries);
      const values = [Buffer.alloc(32), ...made.values(ALG_SHA256)];
      const list = Buffer.from(text(made.ascii.toString()));
      yield {
        kind: 'ima',
        mutation,
        list,
        quoted: quoted ?? values[proven ?? entries.length]!,
        files: FILES,
        boot: BOOT_VALUES,
      };
    }
  }
}

const BANKS: readonly HashAlgorithm[] = [ALG_SHA1, ALG_SHA256];
const LOCALITY = (locality: number) => Buffer.concat([Buffer.from('StartupLocality\0'), Buffer.of(locality)]);

type BootChange = (dice: Dice, log: Buffer, pcrs: BootCase['pcrs']) => { log?: Buffer; pcrs?: BootCase['pcrs'] };

const madeOf = (steps: typeof BOOT, startsAt = 0): { log: Buffer; pcrs: BootCase['pcrs'] } => {
  const made = makeBootLog(steps, BANKS, startsAt);
  const extended = new Set(steps.filter(({ type }) => type !== 3).map(({ pcr }) => pcr));
  const values = made.values.get(ALG_SHA256)!;
  return { log: made.bytes, pcrs: [...extended].sort((a, b) => a - b).map((pcr) => [pcr, values[pcr]!] as const) };
};
const logOf = (steps: typeof BOOT) => ({ log: madeOf(steps).log });

const BOOT_CHANGES: Readonly<Record<string, readonly [number, BootChange]>> = {
  nothing: [10, () => ({})],
  'a bit': [1_100, (dice, log) => ({ log: dice.flipped(log) })],
  'cut off': [300, (dice, log) => ({ log: dice.cut(log) })],
  'a bit of a value': [
    100,
    (dice, _, pcrs) => ({
      pcrs: pcrs.map(([pcr, value], i) =>
        i === dice.below(pcrs.length) || i === 0 ? ([pcr, dice.flipped(value)] as const) : ([pcr, value] as const),
      ),
    }),
  ],
  'an event left out': [40, (dice) => logOf(BOOT.toSpliced(dice.below(BOOT.length), 1))],
  'an event twice': [
    40,
    (dice) => {
      const at = dice.below(BOOT.length);
      return logOf(BOOT.toSpliced(at, 0, BOOT[at]!));
    },
  ],
  'something else measured': [
    40,
    (dice) => {
      const at = dice.below(BOOT.length);
      return logOf(BOOT.with(at, { ...BOOT[at]!, measured: Buffer.from('else') }));
    },
  ],
  'other data beside a measurement': [
    20,
    (dice) => {
      const at = dice.below(BOOT.length);
      const step = BOOT[at]!;
      return logOf(BOOT.with(at, { ...step, data: Buffer.from('else'), measured: step.measured ?? step.data }));
    },
  ],
  'bytes behind the log': [10, (dice, log) => ({ log: Buffer.concat([log, Buffer.alloc(1 + dice.below(40))]) })],
  'started from locality 3': [2, () => madeOf([{ pcr: 0, type: 3, data: LOCALITY(3) }, ...BOOT], 3)],
  'a locality that is none': [2, () => madeOf([{ pcr: 0, type: 3, data: LOCALITY(77) }, ...BOOT], 77)],
  'the locality said too late': [2, () => madeOf([...BOOT, { pcr: 0, type: 3, data: LOCALITY(3) }], 3)],
  'an empty log': [1, () => ({ log: Buffer.alloc(0) })],
  'no event but the header': [1, () => logOf([])],
};

export function* bootCases(seed: number): Generator<BootCase> {
  const dice = new Dice(seed);
  const whole = madeOf(BOOT);
  for (const [mutation, [times, change]] of Object.entries(BOOT_CHANGES)) {
    for (let i = 0; i < times; i++) yield { kind: 'boot', mutation, ...whole, ...change(dice, whole.log, whole.pcrs) };
  }
}
