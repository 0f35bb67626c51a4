/** \p and \P: bytes by the properties that Unicode gives the characters of Latin-1, which is how PCRE takes bytes. */
import { noBytes } from './byte-sets.ts';
import type { ByteSet } from './nodes.ts';
import { mistake, type PatternReader, refuse } from './pattern-reader.ts';

const CATEGORIES = `C Cc Cf Cn Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs`;
const SPACES = /[\p{Z}\t-\r\x85]/u;
/** By name without regard to case: what a character must be like. */
const PROPERTIES: ReadonlyMap<string, RegExp> = new Map([
  ...CATEGORIES.split(' ').map((name) => [name.toLowerCase(), new RegExp(`\\p{${name}}`, 'u')] as const),
  ['any', /[\s\S]/],
  ['l&', /[\p{Lu}\p{Ll}\p{Lt}]/u],
  ['lc', /[\p{Lu}\p{Ll}\p{Lt}]/u],
  ['xan', /[\p{L}\p{N}]/u],
  ['xwd', /[\p{L}\p{N}_]/u],
  ['xsp', SPACES],
  ['xps', SPACES],
  ['xuc', /[$@`\xa0-\xff]/],
]);

/** The reader stands behind the letter. */
export function readProperty(reader: PatternReader, isCapital: boolean): { set: ByteSet; isNegated: boolean } {
  const found = reader.match(/([A-Za-z])|\{([^}]*)\}/y) ?? mistake('\\p without a property');
  const [, letter, braced = letter!] = found;
  const name = braced.replace(/[\s_-]/g, '').toLowerCase();
  const isInverse = name.startsWith('^');
  const property = PROPERTIES.get(isInverse ? name.slice(1) : name);
  if (property === undefined) {
    if (letter !== undefined || name === '') mistake(`the property ${braced} does not exist`);
    // Scripts and what else may be asked of a character.
    return refuse(`the property ${braced}`);
  }
  const isNegated = isInverse !== isCapital;
  const set = noBytes();
  for (let byte = 0; byte < 256; byte += 1) if (property.test(String.fromCharCode(byte)) !== isNegated) set[byte] = 1;
  return { set, isNegated };
}
