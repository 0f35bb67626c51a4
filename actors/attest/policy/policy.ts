/**
 * A policy says which devices are trusted, in lines that can be read aloud; docs/specs/attestation-policy.md is its
 * grammar. Whatever it does not allow is refused, so a policy that would check nothing is no policy: it is refused here.
 */
import { ALG_SHA256, type HashAlgorithm } from '../../../schemas/tpm/index.ts';
import type { ImaDigests } from '../evidence/ima-replay.ts';
import { type Line, Mistakes, readLines, shown } from './lines.ts';
import { BANKS, readBank, readFileDigest, readName, readNumber, readPcrs, readPcrValue } from './values.ts';
import { isNumbered } from './versions.ts';

export type PcrRule =
  | { readonly from: 'values'; readonly values: readonly Buffer[] }
  | { readonly from: 'references' | 'boot log' | 'ima log' };

export type FileAllowance =
  | { readonly kind: 'digests'; readonly digests: ReadonlySet<string> }
  | { readonly kind: 'references' }
  | { readonly kind: 'any' };

export interface FileRule {
  /** Without the stars. */
  readonly path: string;
  /** Whether everything below `path` is meant, which ends with a slash then. */
  readonly isFolder: boolean;
  readonly allows: FileAllowance;
}

export interface Policy {
  readonly name: string;
  readonly version: number;
  readonly ageMsMax: number;
  readonly bank: HashAlgorithm;
  readonly isUnsafeClockAllowed: boolean;
  readonly pcrs: ReadonlyMap<number, PcrRule>;
  /** Versions of the firmware, of the reference values. */
  readonly firmware: readonly string[];
  /** Whether newer versions than the one of `firmware` are taken, too. */
  readonly isNewerAllowed: boolean;
  /** By path, and in the order of the policy: the first that fits counts. */
  readonly files: ReadonlyMap<string, FileRule & { readonly order: number }>;
  readonly folders: readonly (FileRule & { readonly order: number })[];
  readonly areViolationsAllowed: boolean;
  readonly imaDigests: ImaDigests;
  readonly onReturn: OnReturn;
}

/** What becomes of held frames when their device has proved itself again; `keep` leaves them to the operator. */
export type OnReturn = 'release' | 'drop' | 'keep';

export const IMA_PCR = 10;
export const POLICY_BYTES_MAX: number = 1024 * 1024;
const SECONDS_MAX = 86_400 * 31;
const VERSION_MAX = 999_999_999;
const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['seconds', 1],
  ['minutes', 60],
  ['hours', 3600],
]);

interface Draft {
  name: string | null;
  version: number;
  ageMsMax: number | null;
  bank: HashAlgorithm | null;
  isUnsafeClockAllowed: boolean;
  firmware: string[];
  isNewerAllowed: boolean;
  pcrs: Map<number, PcrRule>;
  files: Map<string, FileRule & { order: number }>;
  folders: (FileRule & { order: number })[];
  areViolationsAllowed: boolean;
  imaDigests: ImaDigests;
  onReturn: OnReturn;
}

/** Throws POLICY_INVALID with `file:line:column: what is wrong`, one line for each mistake. */
export function parsePolicy(bytes: Uint8Array, file = 'policy'): Policy {
  const mistakes = new Mistakes(file);
  const draft: Draft = {
    name: null,
    version: 0,
    ageMsMax: null,
    bank: null,
    isUnsafeClockAllowed: false,
    firmware: [],
    isNewerAllowed: false,
    pcrs: new Map(),
    files: new Map(),
    folders: [],
    areViolationsAllowed: false,
    imaDigests: 'hashed',
    onReturn: 'keep',
  };
  const said = new Set<string>();
  let lastLine = 1;
  readLines(bytes, POLICY_BYTES_MAX, mistakes, (line) => {
    lastLine = line.number;
    readStatement(line, draft, said);
  });
  const wants = (says: string) => mistakes.add(lastLine, 1, says);
  if (draft.name === null) wants('a policy begins with "policy", its name and its version');
  if (draft.ageMsMax === null) wants('"quote at most … old" is missing: how old a quote may be');
  checkWhole(draft, wants);
  mistakes.finish();
  const { name, ageMsMax, bank, ...rest } = draft;
  return { name: name!, ageMsMax: ageMsMax!, bank: bank ?? ALG_SHA256, ...rest };
}

/** What no single line shows: rules that nothing would ever check. */
function checkWhole(draft: Draft, wants: (says: string) => void): void {
  const rules = [...draft.pcrs.values()];
  const files = [...draft.files.values(), ...draft.folders];
  const hasImaLog = rules.some(({ from }) => from === 'ima log');
  const usesReferences =
    rules.some(({ from }) => from === 'references') || files.some(({ allows }) => allows.kind === 'references');
  if (rules.length === 0) wants('no "pcr" line: a policy that checks no PCR would trust every device');
  if (hasImaLog && files.length === 0)
    wants(`PCR ${IMA_PCR} is from the ima log, and no "file" line says what may stand in it`);
  if (!hasImaLog && (files.length > 0 || draft.areViolationsAllowed || draft.imaDigests === 'padded'))
    wants(`a line is about files, which nothing checks without "pcr ${IMA_PCR} from ima log"`);
  if (usesReferences && draft.firmware.length === 0)
    wants('something is "from references", and no "firmware" line says which versions');
  if (!usesReferences && draft.firmware.length > 0) wants('a "firmware" line, and nothing is "from references"');
}

function readStatement(line: Line, draft: Draft, said: Set<string>): void {
  const verb = line.word('a statement');
  if (draft.name === null && verb.text !== 'policy')
    line.wrong('a policy begins with "policy", its name and its version', verb);
  const once = (what: string) => {
    if (said.has(what)) line.wrong(`"${what}" is there twice`, verb);
    said.add(what);
  };
  switch (verb.text) {
    case 'policy':
      once('policy');
      draft.name = readName(line, 'the name');
      draft.version = readNumber(line, 'the version', VERSION_MAX);
      break;
    case 'quote':
      once('quote');
      line.expect('at', 'most');
      draft.ageMsMax = readAge(line);
      line.expect('old');
      break;
    case 'bank':
      once('bank');
      // The values of earlier lines were read by another length.
      if (draft.pcrs.size > 0) line.wrong('"bank" stands before the first "pcr"', verb);
      draft.bank = readBank(line);
      break;
    case 'clock':
      once('clock');
      line.expect('may', 'be', 'unsafe');
      draft.isUnsafeClockAllowed = true;
      break;
    case 'firmware':
      once('firmware');
      readFirmware(line, draft);
      break;
    case 'pcr':
      readPcr(line, draft);
      break;
    case 'file':
      readFile(line, draft);
      break;
    case 'violations':
      once('violations');
      line.expect('allowed');
      draft.areViolationsAllowed = true;
      break;
    case 'digests':
      once('digests');
      line.expect('padded');
      draft.imaDigests = 'padded';
      break;
    case 'on':
      once('on');
      draft.onReturn = readReturn(line);
      break;
    default:
      line.wrong(`no statement begins with "${shown(verb.text)}"`, verb);
  }
  line.end();
}

function readFirmware(line: Line, draft: Draft): void {
  const first = readName(line, 'the version');
  if (line.takes('or', 'newer')) {
    if (!isNumbered(first)) line.wrong(`nothing is newer than "${shown(first)}": it is not numbers with dots`);
    draft.firmware = [first];
    draft.isNewerAllowed = true;
    return;
  }
  draft.firmware = [first];
  while (line.takes('or')) draft.firmware.push(readName(line, 'the version'));
}

function readReturn(line: Line): OnReturn {
  line.expect('return');
  if (line.takes('release', 'held')) return 'release';
  if (line.takes('drop', 'held')) return 'drop';
  if (line.takes('keep', 'held', 'for', 'the', 'operator')) return 'keep';
  return line.wrong('"release held", "drop held" or "keep held for the operator" is expected');
}

function readAge(line: Line): number {
  const number = readNumber(line, 'the age', SECONDS_MAX);
  const unit = line.word('the unit');
  const seconds = UNITS.get(unit.text) ?? line.wrong(`a unit is ${[...UNITS.keys()].join(', ')}`, unit);
  if (number < 1 || number * seconds > SECONDS_MAX) line.wrong('an age lies between a second and 31 days', unit);
  return number * seconds * 1000;
}

function readPcr(line: Line, draft: Draft): void {
  const pcrs = readPcrs(line);
  const again = pcrs.find((pcr) => draft.pcrs.has(pcr));
  if (again !== undefined) line.wrong(`PCR ${again} has a line already`);
  const rule = readPcrRule(line, draft.bank ?? ALG_SHA256);
  if (rule.from === 'ima log' && (pcrs.length !== 1 || pcrs[0] !== IMA_PCR))
    line.wrong(`the ima log is in PCR ${IMA_PCR} alone`);
  for (const pcr of pcrs) draft.pcrs.set(pcr, rule);
}

function readPcrRule(line: Line, bank: HashAlgorithm): PcrRule {
  if (line.takes('from', 'references')) return { from: 'references' };
  if (line.takes('from', 'boot', 'log')) return { from: 'boot log' };
  if (line.takes('from', 'ima', 'log')) return { from: 'ima log' };
  if (line.takes('is')) return { from: 'values', values: line.alternatives(() => readPcrValue(line, bank)) };
  return line.wrong('"is" and a value, "from references", "from boot log" or "from ima log" is expected');
}

function readFile(line: Line, draft: Draft): void {
  const word = line.word('the path');
  const isFolder = word.text.endsWith('/**');
  const path = isFolder ? word.text.slice(0, -2) : word.text;
  if (path.includes('*')) line.wrong('a star stands at the end alone, as in /usr/lib/**', word);
  if (draft.files.has(word.text) || draft.folders.some((rule) => isFolder && rule.path === path))
    line.wrong('this path has a line already', word);
  const rule = { path, isFolder, allows: readAllowance(line), order: draft.files.size + draft.folders.length };
  if (isFolder) draft.folders.push(rule);
  else draft.files.set(path, rule);
}

function readAllowance(line: Line): FileAllowance {
  if (line.takes('any')) return { kind: 'any' };
  if (line.takes('from', 'references')) return { kind: 'references' };
  if (line.takes('is')) return { kind: 'digests', digests: new Set(line.alternatives(() => readFileDigest(line))) };
  return line.wrong('"is" and a digest, "from references" or "any" is expected');
}

/** The first rule of the policy that a path falls under. */
export function ruleOf({ files, folders }: Policy, path: string): FileRule | undefined {
  const exact = files.get(path);
  // "/usr/lib/../../tmp" would lie in a folder by its letters alone.
  if (path.includes('/../') || path.endsWith('/..')) return exact;
  const folder = folders.find((rule) => path.startsWith(rule.path));
  if (exact === undefined || folder === undefined) return exact ?? folder;
  return exact.order < folder.order ? exact : folder;
}

export const bankName = (bank: HashAlgorithm): string => [...BANKS].find(([, value]) => value === bank)![0];
