/** A part of a mail, or the mail itself: its headers, what they say of the body, and its own parts. */
import type { FoundUrl } from './urls.ts';

export type Transfer = 'plain' | 'base64' | 'quoted';

export interface HeaderField {
  /** In small letters. */
  readonly name: string;
  readonly value: Uint8Array;
}

export class MimeEntity {
  /** In their order. Those without a value are left out. */
  readonly fields: HeaderField[] = [];
  readonly parts: MimeEntity[] = [];
  readonly urls = new Map<string, FoundUrl>();
  transfer: Transfer = 'plain';
  /** It is a file with this name, perhaps an empty one; null: it is none. */
  fileName: Uint8Array | null = null;
  /** URLs are looked for in it. */
  isText: boolean;

  constructor(isText: boolean) {
    this.isText = isText;
  }

  /** Of several with one name the last. */
  field(name: string): Uint8Array | null {
    return this.fields.findLast((field) => field.name === name)?.value ?? null;
  }
}

/** How deep parts lie in each other: the innermost is on top. */
export interface MimeLevel {
  readonly entity: MimeEntity;
  /** What its parts are parted by. */
  boundary: string | null;
  /** A whole mail within another. */
  readonly isEncapsulated: boolean;
}
