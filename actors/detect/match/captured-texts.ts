/**
 * Texts that the expressions of one rule have captured, until it is known whether the whole rule matches: the latest of each
 * name, and of pairs all.
 */
import type { TextCapture } from '../rules/rule.ts';
import type { Regex } from './regex/index.ts';

/** Suricata keeps no more of a text, and of a key of a pair. */
const TEXT_BYTES_MAX = 0xffff;
const KEY_BYTES_MAX = 0xff;

export interface CapturedText {
  readonly of: TextCapture['of'];
  readonly name: string;
  /** Of a pair. */
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
}

export class CapturedTexts {
  readonly #pending: CapturedText[] = [];

  forget(): void {
    this.#pending.length = 0;
  }

  /** What the groups of a match are; those that took no part in it leave what was. */
  note(captures: readonly TextCapture[], regex: Regex, buffer: Uint8Array): void {
    for (const [i, { of, name }] of captures.entries()) {
      const [start, end] = regex.group(i + 1);
      if (start === -1) continue;
      if (of !== 'pair') {
        const text = { of, name, key: null, value: buffer.slice(start, Math.min(end, start + TEXT_BYTES_MAX)) };
        const before = this.#pending.findIndex((one) => one.of === of && one.name === name);
        if (before === -1) this.#pending.push(text);
        else this.#pending[before] = text;
        continue;
      }
      const [from, to] = regex.group(i + 2);
      if (from === -1) return;
      const key = buffer.slice(start, Math.min(end, start + KEY_BYTES_MAX));
      this.#pending.push({ of, name, key, value: buffer.slice(from, Math.min(to, from + TEXT_BYTES_MAX)) });
    }
  }

  /** What a capture stands for, taken out; a pair stands for all that is left, the latest first. */
  take({ of, name }: TextCapture): readonly CapturedText[] {
    if (of === 'pair') return this.#pending.splice(0).reverse();
    const at = this.#pending.findIndex((one) => one.of === of && one.name === name);
    return at === -1 ? [] : this.#pending.splice(at, 1);
  }
}
