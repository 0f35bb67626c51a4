/**
 * `msec device demo`: the demonstration of the M-Sec cookbook, chapter 1.3, as its serial console tells it: provision the
 * TPM, then read the potentiometer, hash, sign, verify, again and again.
 */

import { systemClock, systemRandom } from '../../engine/base/index.ts';
import { pause } from '../../engine/index.ts';
import {
  type DeviceKeys,
  deviceKeys,
  Potentiometer,
  type SignedReading,
  signReading,
} from '../../firmware/provision/index.ts';
import { manufacturer, publicKeyOf, type Tpm } from '../../firmware/tpm/index.ts';
import { keyIdOf } from '../../schemas/envelope/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { type DeviceTpm, tpmOfFlags } from '../device-tpm.ts';
import { pcrsOf } from '../pcr-flag.ts';
import { watchSignals } from '../signals.ts';
import { paint, print, printJson } from '../terminal.ts';
import { settingsOf } from './settings.ts';

export interface DemoFlags extends CommonFlags {
  readonly tpm?: string;
  readonly pcrs?: string;
  readonly readings: number;
  /** Seconds. */
  readonly every: number;
}

/** 65 (wrong data) where a signature did not hold. */
export async function runDemo(flags: DemoFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const say = flags.json ? () => undefined : print;
  const tpm = await tpmOfFlags(flags, config.data);
  const stopping = new AbortController();
  const stop = watchSignals(process, systemClock, () => stopping.abort());
  void stop.requested.then(() => stopping.abort());
  try {
    return await demonstrate(tpm, flags, say, stopping.signal);
  } finally {
    stop.release();
    await tpm.close();
  }
}

async function demonstrate(
  tpm: DeviceTpm,
  flags: DemoFlags,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const first = await tpm.connect();
  let keys: DeviceKeys;
  try {
    say(`TPM 2.0 of ${await manufacturer(first)} at ${tpm.address}`);
    keys = await deviceKeys(first, pcrsOf(flags.pcrs));
  } finally {
    await first.close();
  }
  say(keys.isNew ? 'Unprovisioned: keys were made.' : 'Provisioned: the keys that it has are used.');
  // Knowing the storage key's Name now, sessions are salted to that key and no other.
  const session = await tpm.connect(keys.storage);
  try {
    tellKeys(keys, say);
    return await loop(session, keys, flags, say, signal);
  } finally {
    await session.close();
  }
}

const hex = (handle: number): string => `0x${handle.toString(16)}`;

function tellKeys(keys: DeviceKeys, say: (line: string) => void): void {
  const { storage, signing, boundTo } = keys;
  const point = publicKeyOf(signing.area).export({ format: 'jwk' });
  const coordinate = (text: string) => Buffer.from(text, 'base64url').toString('hex');
  say(`Authenticated session: HMAC, parameters encrypted (AES-128-CFB), salted to the key ${hex(storage.handle)}`);
  say(`Primary key:  ${hex(storage.handle)}, in the TPM's NV memory`);
  say(`Signing key:  ${hex(signing.handle)}, ECC P-256, key id ${keyIdOf(publicKeyOf(signing.area)).toString('hex')}`);
  say(`  public X    ${coordinate(point.x!)}`);
  say(`  public Y    ${coordinate(point.y!)}`);
  if (boundTo !== null) say(`Bound to:     PCR ${boundTo.pcrs.join(', ')} (SHA-256)`);
  say('');
}

async function loop(
  tpm: Tpm,
  keys: DeviceKeys,
  flags: DemoFlags,
  _say: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const potentiometer = new Potentiometer(systemRandom);
  let failures = 0;
  for (let number = 1; number <= flags.readings && !signal.aborted; number++) {
    if (number > 1) await pause(systemClock, flags.every * 1000, signal);
    if (signal.aborted) break;
    const reading = await signReading(tpm, keys, potentiometer.read());
    if (!reading.isVerified || !reading.isSameHash) failures++;
    if (flags.json) printJson(plain(reading, number));
    else tell(reading, number);
  }
  return failures === 0 ? 0 : 65;
}

function tell(reading: SignedReading, number: number): void {
  const { value, digest, signature, isSameHash, isVerified } = reading;
  const outcome = isSameHash && isVerified ? paint('green', 'verified') : paint('red', 'NOT verified');
  print(`${number}. ADC value    ${value}`);
  print(`   SHA-256      ${digest.toString('hex')}  (by the TPM; ${isSameHash ? 'the same' : 'ANOTHER'} here)`);
  print(`   signature r  ${signature.toString('hex', 0, 32)}`);
  print(`   signature s  ${signature.toString('hex', 32)}`);
  print(`   signature    ${outcome}`);
}

function plain({ value, bytes, digest, signature, isSameHash, isVerified }: SignedReading, number: number) {
  return {
    number,
    value,
    bytes: bytes.toString('hex'),
    digest: digest.toString('hex'),
    signature: signature.toString('hex'),
    isSameHash,
    isVerified,
  };
}
