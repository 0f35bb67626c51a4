/** Rules to begin with: those whose acceptance is known, those that are asked over the one capture, and generated ones. */
import { readFileSync } from 'node:fs';
import { makeCase } from '../../differential/case.ts';
import { wholeKindOf } from '../../differential/kind.ts';
import { groupNames, readGroup } from '../../keywords/groups.ts';

const GENERATED_CASES = 400;

export function corpusRules(): string[] {
  const written = ['accepted-by-suricata.rules', 'refused-by-suricata.rules'].flatMap((name) =>
    readFileSync(new URL(`../${name}`, import.meta.url), 'latin1')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
  const asked = groupNames().flatMap((name) => readGroup(name).rules);
  const seeds = Array.from({ length: GENERATED_CASES }, (_, i) => 9_000_000 + i);
  const generated = seeds.flatMap((seed) => makeCase(seed, 0, wholeKindOf(seed)).rules);
  return [...written, ...asked, ...generated];
}
