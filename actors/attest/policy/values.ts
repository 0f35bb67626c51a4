/** Words that policies and reference values share: banks, PCRs, digests, paths. */
import { ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512, type HashAlgorithm, PCRS } from '../../../schemas/tpm/index.ts';
import { FILE_DIGESTS } from '../evidence/ima-template.ts';
import { digestBytes } from '../evidence/pcr-bank.ts';
import { type Line, shown } from './lines.ts';

export const BANKS: ReadonlyMap<string, HashAlgorithm> = new Map<string, HashAlgorithm>([
  ['sha1', ALG_SHA1],
  ['sha256', ALG_SHA256],
  ['sha384', ALG_SHA384],
  ['sha512', ALG_SHA512],
]);

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;

export function readName(line: Line, what: string): string {
  const word = line.word(what);
  if (word.text === 'or' || word.text === 'newer' || !NAME.test(word.text))
    return line.wrong(`${what} has letters, digits and . _ + -, 64 at most, not "${shown(word.text)}"`, word);
  return word.text;
}

export function readNumber(line: Line, what: string, max: number): number {
  const word = line.word(what);
  if (!/^\d{1,9}$/.test(word.text) || Number(word.text) > max)
    return line.wrong(`${what} is a whole number up to ${max}, not "${shown(word.text)}"`, word);
  return Number(word.text);
}

export function readBank(line: Line): HashAlgorithm {
  const word = line.word('the bank');
  return (
    BANKS.get(word.text) ?? line.wrong(`a bank is ${[...BANKS.keys()].join(', ')}, not "${shown(word.text)}"`, word)
  );
}

/** `0-4,7`, or one number. */
export function readPcrs(line: Line): number[] {
  const word = line.word('the PCR');
  const pcrs = new Set<number>();
  for (const part of word.text.split(',')) {
    const match = /^(\d{1,2})(?:-(\d{1,2}))?$/.exec(part);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (match === null || last >= PCRS || first > last)
      return line.wrong(`PCRs are numbered from 0 to ${PCRS - 1}, as in 0-4,7; "${shown(word.text)}" is none`, word);
    for (let pcr = first; pcr <= last; pcr++) pcrs.add(pcr);
  }
  return [...pcrs].sort((a, b) => a - b);
}

/** Hexadecimal digits of one digest of the bank. */
export function readPcrValue(line: Line, bank: HashAlgorithm): Buffer {
  const word = line.word('the value');
  const digits = 2 * digestBytes(bank);
  if (word.text.length !== digits || !/^[0-9a-fA-F]+$/.test(word.text))
    return line.wrong(`a value of this bank has ${digits} hexadecimal digits, not "${shown(word.text)}"`, word);
  return Buffer.from(word.text, 'hex');
}

/** `sha256:…` with lower-case digits, as it is kept and compared. */
export function readFileDigest(line: Line): string {
  const word = line.word('the digest');
  const colon = word.text.lastIndexOf(':');
  const algorithm = word.text.slice(0, Math.max(colon, 0));
  const digits = word.text.slice(colon + 1).toLowerCase();
  const bytes = FILE_DIGESTS.get(algorithm.replace(/^verity:/, ''));
  if (bytes === undefined || digits.length !== 2 * bytes || !/^[0-9a-f]+$/.test(digits))
    return line.wrong(`a file's digest is an algorithm, a colon and its digits, not "${shown(word.text)}"`, word);
  return `${algorithm}:${digits}`;
}

export const fileDigest = (algorithm: string, digest: Buffer): string => `${algorithm}:${digest.toString('hex')}`;
