/** Groups of rules over the one capture: each line of a file is a rule without its sid, which is the line's number. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'groups');

export interface Group {
  readonly name: string;
  /** With their sids. */
  readonly rules: readonly string[];
  readonly validatesChecksums: boolean;
  readonly midstream: boolean;
}

/** What is asked of one rule: whether it is taken, and at which packets it alerts; 0 stands for a flow's end. */
export interface Answer {
  readonly isAccepted: boolean;
  readonly packets: readonly number[];
}

export const groupNames = (): string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.rules'))
    .map((name) => name.slice(0, -'.rules'.length))
    .toSorted();

export function readGroup(name: string): Group {
  const lines = readFileSync(join(FOLDER, `${name}.rules`), 'latin1').split('\n');
  const rules = lines.flatMap((line, i) =>
    line === '' || line.startsWith('#') ? [] : [line.replace(/\)\s*$/, ` sid:${i + 1};)`)],
  );
  const head = lines.filter((line) => line.startsWith('#')).join(' ');
  return { name, rules, validatesChecksums: head.includes('[checksums]'), midstream: head.includes('[midstream]') };
}

export const sidOf = (rule: string): number => Number(/sid:(\d+);\)$/.exec(rule)![1]);

export const answersPath = (name: string): string => join(FOLDER, `${name}.answers`);

/** `12 refused`, `13 -`, `14 1-5 9 0x2`: the sid, and packets; a packet with several alerts has their number behind x. */
export function printAnswers(answers: ReadonlyMap<number, Answer>): string {
  return [...answers]
    .map(([sid, { isAccepted, packets }]) => `${sid} ${isAccepted ? printPackets(packets) : 'refused'}\n`)
    .join('');
}

export function printPackets(packets: readonly number[]): string {
  const counts = new Map<number, number>();
  for (const packet of packets) counts.set(packet, (counts.get(packet) ?? 0) + 1);
  const runs: { first: number; last: number; count: number }[] = [];
  for (const [packet, count] of [...counts].toSorted(([a], [b]) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && packet > 1 && run.last === packet - 1 && run.count === count) run.last = packet;
    else runs.push({ first: packet, last: packet, count });
  }
  const texts = runs.map(
    ({ first, last, count }) => `${first}${last === first ? '' : `-${last}`}${count === 1 ? '' : `x${count}`}`,
  );
  return texts.length === 0 ? '-' : texts.join(' ');
}

/** By sid, as text. */
export function readAnswers(name: string): Map<number, string> {
  return new Map(
    readFileSync(answersPath(name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const blank = line.indexOf(' ');
        return [Number(line.slice(0, blank)), line.slice(blank + 1)] as const;
      }),
  );
}
