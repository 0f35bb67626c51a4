/**
 * `msec device seal`, `unseal` and `reseal`: a disk's key that the TPM gives out in the trusted state alone, and its
 * recovery key. The disk's key leaves by standard output or a new file of mode 600, and nowhere else.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { MsecError, systemClock, systemRandom } from '../../engine/base/index.ts';
import {
  decodeSealedKey,
  encodeSealedKey,
  parseRecoveryText,
  presentState,
  RECOVERY_BYTES,
  recoverKey,
  recoveryText,
  SEALED_FILE_BYTES_MAX,
  type SealedKey,
  sealForRecovery,
  sealKey,
  storageKey,
  unsealKey,
} from '../../firmware/provision/index.ts';
import type { PcrSelection, Tpm, TpmObject } from '../../firmware/tpm/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { tpmOfFlags } from '../device-tpm.ts';
import { EXIT } from '../exit-codes.ts';
import { pcrsOf } from '../pcr-flag.ts';
import { type ReferenceFlags, readFileOf, readReferences } from '../reference-files.ts';
import { statesOfFirmware } from '../sealed-states.ts';
import { note, paint, print, printJson, UsageError } from '../terminal.ts';
import { settingsOf } from './settings.ts';

export interface SealFlags extends CommonFlags {
  readonly tpm?: string;
  readonly pcrs?: string;
  readonly key?: string;
}

export interface UnsealFlags extends CommonFlags {
  readonly tpm?: string;
  readonly recoveryKey?: string;
  readonly out?: string;
}

export interface ResealFlags extends CommonFlags, ReferenceFlags {
  readonly tpm?: string;
  readonly pcrs?: string;
  readonly recoveryKey?: string;
  readonly firmware?: readonly string[];
}

const KEY_BYTES = 32;
/** As the TPM takes it; a file that is longer is no key for it. */
const KEY_BYTES_MAX = 128;

export async function sealDisk(flags: SealFlags, file: string): Promise<number> {
  const selection = pcrsOf(flags.pcrs)!;
  if (existsSync(file))
    throw new MsecError('CONFIG_INVALID', `${file} is there already; msec device reseal changes it.`, {
      field: 'file',
    });
  const key = flags.key === undefined ? systemRandom.bytes(KEY_BYTES) : readFileOf(flags.key, KEY_BYTES_MAX);
  const recoveryKey = systemRandom.bytes(RECOVERY_BYTES);
  try {
    const recovery = sealForRecovery(key, recoveryKey, systemRandom);
    const sealed = await withStorage(flags, async (tpm, storage) =>
      sealKey(tpm, storage, key, { selection, states: [await now(tpm, selection)], recovery }),
    );
    replace(file, encodeSealedKey(sealed));
    const text = recoveryText(recoveryKey);
    if (flags.json === true) printJson({ file, pcrs: selection.pcrs, recoveryKey: text });
    else {
      note(paint('green', `Sealed to the present values of PCR ${selection.pcrs.join(', ')}: ${file}`, process.stderr));
      note('The recovery key is shown once and stored nowhere; write it down, and keep it away from the device:');
      print(text);
    }
    return EXIT.ok.code;
  } finally {
    key.fill(0);
    recoveryKey.fill(0);
  }
}

export async function unsealDisk(flags: UnsealFlags, file: string): Promise<number> {
  if (flags.out === undefined && (flags.json === true || process.stdout.isTTY === true))
    throw new UsageError('the key is not printed: pipe it to what needs it, or name a file with --out');
  const sealed = read(file);
  const key = await openedBy(flags, sealed);
  try {
    if (flags.out === undefined) process.stdout.write(Buffer.from(key));
    else {
      writeNew(flags.out, key);
      if (flags.json === true) printJson({ file, out: flags.out });
    }
    return EXIT.ok.code;
  } finally {
    key.fill(0);
  }
}

export async function resealDisk(flags: ResealFlags, file: string): Promise<number> {
  const before = read(file);
  const selection = pcrsOf(flags.pcrs) ?? before.selection;
  const references = readReferences(flags);
  if ((flags.firmware === undefined) !== (references === null))
    throw new UsageError('--firmware and --references belong together');
  const coming = references === null ? [] : statesOfFirmware(references, flags.firmware!, selection);
  const recoveryKey = flags.recoveryKey === undefined ? null : await recoveryKeyOf(flags.recoveryKey);
  const sealed = await withStorage(flags, async (tpm, storage) => {
    const key = recoveryKey === null ? await unsealKey(tpm, storage, before) : recoverKey(before, recoveryKey);
    try {
      const states = [await now(tpm, selection), ...coming];
      return await sealKey(tpm, storage, key, { selection, states, recovery: before.recovery });
    } finally {
      key.fill(0);
    }
  });
  replace(file, encodeSealedKey(sealed));
  const labels = sealed.states.map(({ label }) => label);
  if (flags.json === true) printJson({ file, pcrs: selection.pcrs, states: labels });
  else note(paint('green', `Sealed to PCR ${selection.pcrs.join(', ')} ${labels.join(', or ')}.`, process.stderr));
  return EXIT.ok.code;
}

const now = (tpm: Tpm, selection: PcrSelection) =>
  presentState(tpm, selection, `as of ${new Date(systemClock.now()).toISOString().slice(0, 19)}Z`);

async function openedBy(flags: UnsealFlags, sealed: SealedKey): Promise<Buffer> {
  if (flags.recoveryKey !== undefined) return recoverKey(sealed, await recoveryKeyOf(flags.recoveryKey));
  return await withStorage(flags, (tpm, storage) => unsealKey(tpm, storage, sealed));
}

/** With sessions salted to the storage key. */
async function withStorage<T>(flags: SealFlags, use: (tpm: Tpm, storage: TpmObject) => Promise<T>): Promise<T> {
  const { config } = settingsOf(flags);
  const device = await tpmOfFlags(flags, config.data);
  try {
    const first = await device.connect();
    let storage: TpmObject;
    try {
      storage = await storageKey(first);
    } finally {
      await first.close();
    }
    const tpm = await device.connect(storage);
    try {
      return await use(tpm, storage);
    } finally {
      await tpm.close();
    }
  } finally {
    await device.close();
  }
}

/** From a file, or - for standard input, where a terminal is asked. */
async function recoveryKeyOf(path: string): Promise<Buffer> {
  const key = parseRecoveryText(path === '-' ? await asked() : readFileOf(path, 1024).toString('latin1'));
  if (key === null) throw new UsageError('a recovery key has eight groups of eight letters');
  return key;
}

async function asked(): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    if (process.stdin.isTTY === true) process.stderr.write('Recovery key: ');
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
  }
}

const read = (file: string): SealedKey => decodeSealedKey(readFileOf(file, SEALED_FILE_BYTES_MAX));

/** A loss of power leaves the old file or the new one: without either the disk would need its recovery key. */
function replace(file: string, bytes: Uint8Array): void {
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  writeNew(fresh, bytes);
  renameSync(fresh, file);
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** CONFIG_INVALID where it cannot be made, or is there. */
function writeNew(path: string, bytes: Uint8Array): void {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (cause) {
    const says = `${path} cannot be made (${(cause as NodeJS.ErrnoException).code}).`;
    throw new MsecError('CONFIG_INVALID', says, { field: 'file', cause });
  }
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
