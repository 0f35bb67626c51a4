/** `msec device why`: a device's state of trust, which evidence and which entry of a log it comes from, and what came before. */
import { partitionForKey, type ReadOnlyLog, systemClock } from '../../engine/index.ts';
import { type Attestation, decodeAttestation, type TrustState } from '../../schemas/index.ts';
import { DEVICE_ATTESTATION } from '../../schemas/topics/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { NoInputError, paint, print, printJson } from '../terminal.ts';
import { readLog } from './log-access.ts';
import { readRecords } from './record-walk.ts';
import { settingsOf } from './settings.ts';

const CHUNK = 1_000;
const NEVER_ASKED = 'devices are asked to prove themselves where the configuration names attestation.policy';

export async function tellWhy(flags: CommonFlags, device: string): Promise<number> {
  const { config } = settingsOf(flags);
  const known = await readLog(config, (log) => newestOf(log, device));
  if (known === null)
    throw new NoInputError(`Nothing is known of the trust in ${device}: it was never asked, or is not enrolled.`);
  if (flags.json === true) printJson(known);
  else for (const line of linesOf(known, systemClock.now())) print(line);
  return 0;
}

/** The newest record of the device in the compacted topic; null where there is none, or where it was forgotten. */
async function newestOf(log: ReadOnlyLog, device: string): Promise<Attestation | null> {
  const [topic] = await log.describe([DEVICE_ATTESTATION]);
  if (topic === undefined) throw new NoInputError(`There is no topic ${DEVICE_ATTESTATION}: ${NEVER_ASKED}.`);
  const key = Buffer.from(device);
  const partition = partitionForKey(key, 0, key.length, topic.partitions);
  const reader = log.openReader();
  let newest: Uint8Array | null = null;
  try {
    const { start, end } = await reader.bounds(DEVICE_ATTESTATION, partition);
    for (let offset = start; offset < end; ) {
      const { records, next } = await readRecords(reader, DEVICE_ATTESTATION, partition, offset, CHUNK);
      for (const record of records) if (record.key !== null && key.equals(record.key)) newest = record.value;
      // What is left are ends of transactions that are not decided yet.
      if (next === offset) break;
      offset = next;
    }
  } finally {
    await reader.close();
  }
  return newest === null ? null : decodeAttestation(newest);
}

const STYLES: Readonly<Record<TrustState, 'green' | 'yellow' | 'red' | 'dim'>> = {
  trusted: 'green',
  unknown: 'dim',
  suspect: 'yellow',
  quarantined: 'red',
  revoked: 'red',
};

function linesOf(known: Attestation, nowMs: number): string[] {
  const { device, state, since, reason, says, log, entry, pcr, path, firmware, provenAt, trustedUntil } = known;
  const lines = [
    `${device} is ${paint(STYLES[state], state)} since ${time(since)} (${duration(nowMs - since)})`,
    sentence(reason, says),
  ];
  if (log !== '')
    lines.push(`evidence: ${log === 'ima' ? 'IMA list' : 'boot log'}${entry > 0 ? `, entry ${entry}` : ''}`);
  if (pcr >= 0) lines.push(`PCR: ${pcr}`);
  if (path !== '') lines.push(`file: ${path}`);
  if (firmware !== '') lines.push(`firmware: ${firmware}`);
  lines.push(`last proof: ${provenAt > 0 ? time(provenAt) : 'none'}`);
  if (state === 'trusted')
    lines.push(
      trustedUntil > nowMs
        ? `trusted until: ${time(trustedUntil)}`
        : `its trust ended at ${time(trustedUntil)}, and nothing was judged since: does the engine run?`,
    );
  if (known.failures > 0) lines.push(`failures in a row: ${known.failures}`);
  if (known.history.length === 0) return lines;
  const more = known.transitions - known.history.length;
  lines.push('', `history${more > 0 ? ` (the last ${known.history.length} of ${known.transitions} changes)` : ''}:`);
  for (const change of known.history)
    lines.push(`  ${time(change.at)}  ${change.state.padEnd(11)}  ${sentence(change.reason, change.says)}`);
  return lines;
}

const sentence = (reason: string, says: string): string => (says === '' ? reason : `${reason}: ${says}`);
const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

function duration(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} days`;
}
