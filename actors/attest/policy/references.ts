/**
 * Reference values: what the PCRs and files of each version of a firmware are, said by whoever builds it, under a
 * signature over the very bytes of the file. Nothing of the file is read before the signature holds.
 */
import type { KeyObject } from 'node:crypto';
import { MsecError } from '../../../engine/index.ts';
import { isSignedBy } from '../../../schemas/index.ts';
import { ALG_SHA256, type HashAlgorithm } from '../../../schemas/tpm/index.ts';
import { PcrBank } from '../evidence/pcr-bank.ts';
import { type Line, Mistakes, readLines, shown } from './lines.ts';
import { readBank, readFileDigest, readName, readPcrs, readPcrValue } from './values.ts';

export interface PcrReference {
  readonly values: readonly Buffer[];
  /** The digests that make a value, one list for each `extends`, to tell which event of a log differs. */
  readonly sequences: readonly (readonly Buffer[])[];
}

export interface FirmwareReference {
  readonly version: string;
  readonly pcrs: ReadonlyMap<number, PcrReference>;
  readonly files: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface References {
  readonly bank: HashAlgorithm;
  readonly versions: ReadonlyMap<string, FirmwareReference>;
}

export const REFERENCES_BYTES_MAX: number = 64 * 1024 * 1024;

/**
 * Throws SIGNATURE_INVALID where none of the keys has signed these bytes (Ed25519; ECDSA in DER or RSA PKCS #1, both
 * with SHA-256), POLICY_INVALID with line and column where they are wrong.
 */
export function openReferences(
  bytes: Uint8Array,
  signature: Uint8Array,
  keys: readonly KeyObject[],
  file = 'references',
): References {
  if (!keys.some((key) => isSignedBy(key, bytes, signature)))
    throw new MsecError('SIGNATURE_INVALID', `${file}: no key that is trusted has signed these reference values`);
  return parseReferences(bytes, file);
}

interface Draft {
  readonly version: string;
  readonly pcrs: Map<number, { values: Buffer[]; sequences: Buffer[][] }>;
  readonly files: Map<string, Set<string>>;
}

/** Without a look at the signature: for `openReferences`, and for tools that write such files. */
export function parseReferences(bytes: Uint8Array, file = 'references'): References {
  const mistakes = new Mistakes(file);
  const versions = new Map<string, Draft>();
  let [bank, isBegun, lastLine]: [HashAlgorithm | null, boolean, number] = [null, false, 1];
  let current: Draft | null = null;
  readLines(bytes, REFERENCES_BYTES_MAX, mistakes, (line) => {
    lastLine = line.number;
    if (!isBegun) {
      line.expect('references');
      line.end();
      isBegun = true;
    } else if (line.takes('bank')) {
      if (bank !== null || versions.size > 0) line.wrong('"bank" stands once, before the first "firmware"');
      bank = readBank(line);
      line.end();
    } else if (line.takes('firmware')) {
      const version = readName(line, 'the version');
      if (versions.has(version)) line.wrong(`the firmware ${version} is there twice`);
      line.end();
      current = { version, pcrs: new Map(), files: new Map() };
      versions.set(version, current);
    } else if (current === null) line.wrong('"firmware" and a version come first');
    else readReference(line, current, bank ?? ALG_SHA256);
  });
  if (!isBegun) mistakes.add(1, 1, 'reference values begin with "references"');
  if (versions.size === 0) mistakes.add(lastLine, 1, 'there is no "firmware" line');
  mistakes.finish();
  return { bank: bank ?? ALG_SHA256, versions };
}

function readReference(line: Line, draft: Draft, bank: HashAlgorithm): void {
  if (line.takes('pcr')) {
    readPcrReference(line, draft, bank);
  } else if (line.takes('file')) {
    const { text } = line.word('the path');
    line.expect('is');
    const digests = draft.files.get(text) ?? new Set();
    draft.files.set(text, digests);
    for (const digest of line.alternatives(() => readFileDigest(line))) digests.add(digest);
  } else {
    const verb = line.word('a statement');
    line.wrong(`no statement of reference values begins with "${shown(verb.text)}"`, verb);
  }
  line.end();
}

function readPcrReference(line: Line, draft: Draft, bank: HashAlgorithm): void {
  const pcrs = readPcrs(line);
  if (line.takes('is')) {
    const values = line.alternatives(() => readPcrValue(line, bank));
    for (const pcr of pcrs) pcrOf(draft, pcr).values.push(...values);
    return;
  }
  line.expect('extends');
  const sequence: Buffer[] = [];
  while (!line.isAtEnd || sequence.length === 0) sequence.push(readPcrValue(line, bank));
  for (const pcr of pcrs) {
    const registers = new PcrBank(bank);
    for (const digest of sequence) registers.extend(pcr, digest);
    const known = pcrOf(draft, pcr);
    known.values.push(registers.value(pcr));
    known.sequences.push(sequence);
  }
}

function pcrOf(draft: Draft, pcr: number): { values: Buffer[]; sequences: Buffer[][] } {
  const known = draft.pcrs.get(pcr) ?? { values: [], sequences: [] };
  draft.pcrs.set(pcr, known);
  return known;
}
