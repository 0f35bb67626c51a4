/**
 * A recovery key as people write it down and type it at a boot prompt, whose keyboard layout nobody knows: modhex, the
 * sixteen letters that lie at the same place on almost all of them, in groups of eight; as in systemd-cryptenroll.
 */
import { RECOVERY_BYTES } from './sealed-key.ts';

const LETTERS = 'cbdefghijklnrtuv';
const GROUP = 8;

export function recoveryText(key: Uint8Array): string {
  const letters = [...key].map((byte) => LETTERS[byte >> 4]! + LETTERS[byte & 15]!).join('');
  return letters.match(new RegExp(`.{${GROUP}}`, 'g'))!.join('-');
}

/** Dashes and spaces may be left out; null where it is none. */
export function parseRecoveryText(text: string): Buffer | null {
  const letters = text.toLowerCase().replace(/[\s-]/g, '');
  const digits = [...letters].map((letter) => LETTERS.indexOf(letter));
  if (digits.length !== RECOVERY_BYTES * 2 || digits.includes(-1)) return null;
  return Buffer.from(Array.from({ length: RECOVERY_BYTES }, (_, i) => digits[2 * i]! * 16 + digits[2 * i + 1]!));
}
