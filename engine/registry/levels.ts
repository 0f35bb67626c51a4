/** The compatibility levels of a subject, by Confluent's names, and what each compares. */
import { type Incompatibility, incompatibilities } from './compatibility.ts';
import type { ParsedSchema } from './parsed-schema.ts';

export const LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const;

export type CompatibilityLevel = (typeof LEVELS)[number];

export function isLevel(text: string): text is CompatibilityLevel {
  return (LEVELS as readonly string[]).includes(text);
}

export interface EarlierVersion {
  readonly version: number;
  readonly parsed: ParsedSchema;
}

const REASONS_MAX = 20;

/** Sentences that say why the candidate cannot follow; empty where it can. `earlier` in ascending order. */
export function refusals(
  level: CompatibilityLevel,
  candidate: ParsedSchema,
  earlier: readonly EarlierVersion[],
): string[] {
  const compared = level.endsWith('_TRANSITIVE') ? earlier : earlier.slice(-1);
  const all = compared.flatMap(({ version, parsed }) => {
    const found: string[] = [];
    if (level.startsWith('BACKWARD') || level.startsWith('FULL')) {
      const reasons = incompatibilities(candidate.type, parsed.type, true);
      found.push(...reasons.map((reason) => sentence(`it cannot read what version ${version} wrote`, reason)));
    }
    if (level.startsWith('FORWARD') || level.startsWith('FULL')) {
      const reasons = incompatibilities(parsed.type, candidate.type, false);
      found.push(...reasons.map((reason) => sentence(`version ${version} cannot read what it writes`, reason)));
    }
    return found;
  });
  return all.length <= REASONS_MAX ? all : [...all.slice(0, REASONS_MAX), `and ${all.length - REASONS_MAX} more`];
}

function sentence(what: string, { path, reason, remedy }: Incompatibility): string {
  return `${what}: at ${path}, ${reason}; ${remedy}`;
}
