/** PCRs against the boot log, the policy and the reference values, with the event that differs where a log tells it. */
import { type HashAlgorithm, hashOf } from '../../../schemas/tpm/index.ts';
import { type BootEvent, type BootLog, describeEvent, replayBootLog } from '../evidence/boot-log.ts';
import { EV_NO_ACTION } from '../evidence/event-types.ts';
import type { Findings } from '../evidence/finding.ts';
import type { QuotedPcrs } from '../evidence/quote.ts';
import type { Expectation } from '../verdict.ts';
import { allowedFirmware, firmwareText } from './firmware.ts';
import { bankName } from './policy.ts';
import type { FirmwareReference } from './references.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

/** Every quoted PCR that the log extends must replay. */
export function checkBootLog(log: BootLog, quoted: QuotedPcrs, findings: Findings): void {
  for (const [algorithm, values] of quoted) {
    if (!log.banks.includes(algorithm)) continue;
    const replayed = replayBootLog(log, algorithm);
    for (const [pcr, value] of values) {
      if (!replayed.isExtended(pcr) || replayed.value(pcr).equals(value)) continue;
      const bank = hashOf(algorithm)!.name;
      const says = `the boot log replays PCR ${pcr} (${bank}) to ${hex(replayed.value(pcr))}, the TPM signed ${hex(value)}`;
      findings.add('boot-log-wrong', says, { log: 'boot', pcr });
    }
  }
}

/** The version of the firmware whose reference values all hold; null where none is asked for, or with a finding. */
export function checkPcrs(
  { policy, references }: Pick<Expectation, 'policy' | 'references'>,
  quoted: QuotedPcrs,
  log: BootLog | null,
  findings: Findings,
): string | null {
  const values = quoted.get(policy.bank);
  const referenced = new Map<number, Uint8Array>();
  for (const [pcr, rule] of policy.pcrs) {
    const value = values?.get(pcr);
    if (value === undefined) {
      findings.add('pcr-unquoted', `the quote lacks PCR ${pcr} of the ${bankName(policy.bank)} bank`, { pcr });
    } else if (rule.from === 'values') {
      if (!rule.values.some((allowed) => allowed.equals(value)))
        findings.add('pcr-refused', `PCR ${pcr} is ${hex(value)}, which the policy does not allow`, { pcr });
    } else if (rule.from === 'references') referenced.set(pcr, value);
    else if (rule.from === 'boot log') checkLogged(pcr, value, policy.bank, log, findings);
  }
  if (policy.firmware.length === 0) return null;
  if (references === null) {
    findings.add('evidence-missing', 'the policy asks for reference values, and there are none');
    return null;
  }
  if (references.bank !== policy.bank) {
    const says = `the reference values are of the ${bankName(references.bank)} bank, the policy of ${bankName(policy.bank)}`;
    findings.add('evidence-missing', says);
    return null;
  }
  const versions = allowedFirmware(policy, references);
  if (versions.length === 0) {
    findings.add('evidence-missing', `there are no reference values of the firmware ${firmwareText(policy)}`);
    return null;
  }
  if (referenced.size === 0) return null;
  return matchFirmware(versions, referenced, policy.bank, log, findings);
}

function checkLogged(
  pcr: number,
  value: Uint8Array,
  bank: HashAlgorithm,
  log: BootLog | null,
  findings: Findings,
): void {
  const place = { log: 'boot', pcr } as const;
  if (log === null)
    findings.add('evidence-missing', `PCR ${pcr} is to be from the boot log, and none was shown`, place);
  else if (!log.banks.includes(bank))
    findings.add('evidence-missing', `the boot log has no ${bankName(bank)} bank for PCR ${pcr}`, place);
  else if (!replayBootLog(log, bank).value(pcr).equals(value))
    // What the log extends has been compared already; this is a PCR that it does not know.
    findings.add('boot-log-wrong', `PCR ${pcr} is ${hex(value)}, which the boot log does not explain`, place);
}

/** PCRs of one version and others of another are no firmware that anybody has built. */
function matchFirmware(
  versions: readonly FirmwareReference[],
  referenced: ReadonlyMap<number, Uint8Array>,
  bank: HashAlgorithm,
  log: BootLog | null,
  findings: Findings,
): string | null {
  let nearest: { version: FirmwareReference; wrong: number[] } | null = null;
  for (const version of versions) {
    const wrong = [...referenced]
      .filter(([pcr, value]) => !version.pcrs.get(pcr)?.values.some((allowed) => allowed.equals(value)))
      .map(([pcr]) => pcr);
    if (wrong.length === 0) return version.version;
    if (nearest === null || wrong.length < nearest.wrong.length) nearest = { version, wrong };
  }
  const { version, wrong } = nearest!;
  findings.add('firmware-unknown', `no version has all of these values; the nearest is ${version.version}`);
  for (const pcr of wrong) tellPcr(version, pcr, referenced.get(pcr)!, bank, log, findings);
  return null;
}

function tellPcr(
  { version, pcrs }: FirmwareReference,
  pcr: number,
  value: Uint8Array,
  bank: HashAlgorithm,
  log: BootLog | null,
  findings: Findings,
): void {
  const reference = pcrs.get(pcr);
  if (reference === undefined) {
    findings.add('pcr-refused', `PCR ${pcr} has no reference value in the firmware ${version}`, { pcr });
    return;
  }
  const differing = log === null ? null : firstDifference(log, pcr, bank, reference.sequences);
  if (differing === null) {
    findings.add('pcr-refused', `PCR ${pcr} is ${hex(value)}, which the firmware ${version} never has`, { pcr });
    return;
  }
  const { event, got, wanted } = differing;
  const instead = wanted === undefined ? 'has no further event' : `measures ${hex(wanted)}`;
  const says =
    event === null
      ? `the boot log ends in PCR ${pcr} where the firmware ${version} ${instead}`
      : `${describeEvent(event)}: it measures ${hex(got!)}, where the firmware ${version} ${instead}`;
  findings.add('pcr-refused', says, { log: 'boot', pcr, ...(event === null ? {} : { entry: event.number }) });
}

interface Difference {
  /** Null where the log is shorter. */
  readonly event: BootEvent | null;
  readonly got: Buffer | undefined;
  readonly wanted: Buffer | undefined;
}

/** Against the reference that the log follows for longest. */
function firstDifference(
  log: BootLog,
  pcr: number,
  bank: HashAlgorithm,
  sequences: readonly (readonly Buffer[])[],
): Difference | null {
  const at = log.banks.indexOf(bank);
  if (at < 0) return null;
  const events = log.events.filter((event) => event.pcr === pcr && event.type !== EV_NO_ACTION);
  let [longest, difference]: [number, Difference | null] = [-1, null];
  for (const sequence of sequences) {
    let same = 0;
    while (same < events.length && same < sequence.length && events[same]!.digests[at]!.equals(sequence[same]!)) same++;
    if (same <= longest || (same === events.length && same === sequence.length)) continue;
    const event = events[same] ?? null;
    longest = same;
    difference = { event, got: event?.digests[at], wanted: sequence[same] };
  }
  return difference;
}
