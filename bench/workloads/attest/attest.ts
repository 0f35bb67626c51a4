/**
 * Attestation, check after check on one core, beside Keylime's own verifier code on the same devices: signature, digest
 * of the PCRs, the replay of the boot log, and what IMA's list has more than at the last check. Keylime replays a boot log by a
 * program of tpm2-tools, which it starts for each; the same without boot logs shows what is left without that program.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  attestationKey,
  checkEvidence,
  type Evidence,
  type Expectation,
  type ProvenState,
  parsePolicy,
} from '../../../actors/attest/index.ts';
import { ALG_SHA1, ALG_SHA256 } from '../../../schemas/tpm/index.ts';
import { KEYLIME_PACKAGES } from '../../../test/oracle/attestation/peers.ts';
import {
  type BootStep,
  bootAggregate,
  digest,
  type KeyKind,
  type Measured,
  makeAttester,
  makeBootLog,
  makeImaList,
} from '../../../test/support/attester.ts';
import { makePython } from '../../../test/support/python.ts';
import { type Figure, figure, type Workload } from '../../workload.ts';

const DEVICES = 16;
const EVENTS = 82;
const FIRST_ENTRIES = 200;
const NEW_ENTRIES = 5;
/** A check of Keylime with a boot log takes so long that few must do. */
const BOOT_ROUNDS = 4;
const FLEET = 10_000;
const INTERVAL_S = 30;
const PCRS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const EV_EFI_ACTION = 0x8000_0007;

interface Round {
  readonly evidence: Evidence;
  readonly nonce: Buffer;
  readonly quoted: Buffer;
  readonly ascii: Buffer;
}

interface BenchDevice {
  readonly expectation: Omit<Expectation, 'nonce' | 'before'>;
  readonly rounds: readonly Round[];
  /** For Keylime. */
  readonly line: object;
}

export const attest: Workload = {
  name: 'attest',
  says: "attestation on one core: signature, PCR replay, incremental IMA, beside Keylime's verifier code",
  async run({ isQuick, folder, progress }) {
    const [runs, rounds] = isQuick ? [3, 40] : [5, 120];
    const python = await makePython(KEYLIME_PACKAGES);
    const program = join(import.meta.dirname, '..', '..', 'peers', 'keylime', 'checks.py');
    try {
      const figures: Figure[] = [];
      for (const [kind, says] of [
        ['ecdsa', 'ECDSA P-256'],
        ['rsassa', 'RSA-2048'],
      ] as const) {
        const devices = Array.from({ length: DEVICES }, (_, i) => makeBenchDevice(kind, `device-${i}`, rounds));
        const file = join(folder, `${kind}.ndjson`);
        writeFileSync(file, devices.map(({ line }) => `${JSON.stringify(line)}\n`).join(''));
        const rates: Rates = { whole: [], keylimeWhole: [], bare: [], keylimeBare: [] };
        for (let run = 1; run <= runs; run++) {
          rates.whole.push(checkAll(devices, true));
          rates.keylimeWhole.push(Number(await python.runFile(program, [file, `${BOOT_ROUNDS}`])));
          rates.bare.push(checkAll(devices, false));
          rates.keylimeBare.push(Number(await python.runFile(program, [file, '0'])));
          const shown = Object.values(rates).map((all: number[]) => Math.round(all.at(-1)!));
          progress(
            `${says}, run ${run}/${runs}: ${shown[0]} checks/s, Keylime ${shown[1]}; without boot log ${shown[2]}, ${shown[3]}`,
          );
        }
        figures.push(...figuresOf(says, rates));
      }
      return figures;
    } finally {
      python.remove();
    }
  },
};

interface Rates {
  readonly whole: number[];
  readonly keylimeWhole: number[];
  readonly bare: number[];
  readonly keylimeBare: number[];
}

function figuresOf(says: string, { whole, keylimeWhole, bare, keylimeBare }: Rates): Figure[] {
  const keylime =
    'Keylime 7.14.3: Tpm.check_quote with its state of each agent kept; nothing logged, no database, no HTTP';
  return [
    figure({
      name: `attest: checks, ${says}`,
      unit: 'checks/s',
      ours: whole,
      peers: { Keylime: keylimeWhole },
      floor: 5,
      aim: 10,
      judged: 'Keylime',
      notes: [
        `each check: signature, digest of 11 PCRs, replay of a boot log of ${EVENTS} events, ${NEW_ENTRIES} new IMA entries`,
        `${keylime}; a process of tpm2_eventlog for each boot log`,
      ],
    }),
    figure({
      name: `attest: checks without boot log, ${says}`,
      unit: 'checks/s',
      ours: bare,
      peers: { Keylime: keylimeBare },
      floor: null,
      aim: null,
      judged: 'Keylime',
      notes: [keylime],
    }),
    figure({
      name: `attest: ${FLEET} devices every ${INTERVAL_S} s, ${says}`,
      unit: 'share of a core',
      ours: whole.map((rate) => FLEET / INTERVAL_S / rate),
      floor: 1,
      aim: 0.1,
      judged: 'ours',
      isLessBetter: true,
      notes: ['what so many checks, boot log and all, take of one core'],
    }),
  ];
}

function makeBenchDevice(kind: KeyKind, name: string, rounds: number): BenchDevice {
  const attester = makeAttester(kind);
  const steps: BootStep[] = Array.from({ length: EVENTS }, (_, i) => ({
    pcr: i % 10,
    type: EV_EFI_ACTION,
    data: Buffer.from(`event ${i} of the boot, with as much text as one has`),
  }));
  const boot = makeBootLog(steps, [ALG_SHA1, ALG_SHA256]);
  const values = boot.values.get(ALG_SHA256)!.slice(0, 10);
  const files: Measured[] = Array.from({ length: FIRST_ENTRIES + rounds * NEW_ENTRIES }, (_, i) => ({
    path: `/usr/lib/firmware/part-${i}/library.so`,
    digest: digest(`file ${i}`),
  }));
  const list = makeImaList([bootAggregate(values), ...files]);
  const tenth = list.values(ALG_SHA256);
  const made: Round[] = [];
  for (let round = 0; round <= rounds; round++) {
    const end = 1 + FIRST_ENTRIES + round * NEW_ENTRIES;
    const after = round === 0 ? 0 : end - NEW_ENTRIES;
    const quoted = tenth[end - 1]!;
    const nonce = digest(`${name}, challenge ${round}`).subarray(0, 20);
    const spec = { nonce, selections: [{ bank: ALG_SHA256, pcrs: PCRS }], values: [...values, quoted] } as const;
    const quote = attester.quote({ ...spec, clockMs: BigInt(1 + round) * 30_000n });
    const slice = (form: 'binary' | 'ascii') => list[form].subarray(list.starts[form][after], list.starts[form][end]);
    const ima = { bytes: slice('binary'), format: 'binary', after } as const;
    made.push({ evidence: { ...quote, bootLog: boot.bytes, ima }, nonce, quoted, ascii: slice('ascii') });
  }
  const policy = parsePolicy(
    Buffer.from(
      [
        'policy bench 1\nquote at most 60 s old\nbank sha256\npcr 10 from ima log',
        ...values.map((value, pcr) => `pcr ${pcr} is ${value.toString('hex')}`),
        ...files.map(({ path, digest: of }) => `file ${path} is sha256:${Buffer.from(of).toString('hex')}`),
      ].join('\n'),
    ),
  );
  const keylimeFiles = [bootAggregate(values), ...files].map(
    ({ path, digest: of }) => [path, [Buffer.from(of).toString('hex')]] as const,
  );
  return {
    expectation: { key: attestationKey(attester.publicArea), ageMs: 1_000, policy, references: null },
    rounds: made,
    line: {
      name,
      key: attester.publicArea.toString('base64'),
      log: boot.bytes.toString('base64'),
      boot: values.map((value) => value.toString('hex')),
      files: Object.fromEntries(keylimeFiles),
      rounds: made.map(({ evidence, nonce, quoted, ascii }) => ({
        quote: Buffer.from(evidence.quote!).toString('base64'),
        signature: Buffer.from(evidence.signature!).toString('base64'),
        nonce: nonce.toString('base64'),
        quoted: quoted.toString('hex'),
        list: ascii.toString('base64'),
      })),
    },
  };
}

/** Checks a second; the first round, with the whole list, is not timed. */
function checkAll(devices: readonly BenchDevice[], hasBootLog: boolean): number {
  const states: ProvenState[] = devices.map((device) => checked(device, 0, null, hasBootLog));
  const rounds = devices[0]!.rounds.length;
  const from = performance.now();
  for (let round = 1; round < rounds; round++)
    for (const [i, device] of devices.entries()) states[i] = checked(device, round, states[i]!, hasBootLog);
  return (devices.length * (rounds - 1) * 1000) / (performance.now() - from);
}

function checked(
  { expectation, rounds }: BenchDevice,
  round: number,
  before: ProvenState | null,
  hasBootLog: boolean,
): ProvenState {
  const { evidence, nonce } = rounds[round]!;
  const shown = hasBootLog ? evidence : { ...evidence, bootLog: null };
  const verdict = checkEvidence(shown, { ...expectation, nonce, before });
  if (!verdict.isTrusted) throw new Error(verdict.findings.map(({ says }) => says).join('; '));
  return verdict.state;
}
