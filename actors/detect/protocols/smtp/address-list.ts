/** Addresses of a header, between commas, as Suricata parts them. */
const COMMA = 0x2c;
const QUOTE = 0x22;
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;

/** Commas within quotes part nothing. Empty ones are left out, but for blanks at the end, which are cut by their number. */
export function collected(value: Uint8Array): Uint8Array[] {
  const items: Uint8Array[] = [];
  let start = 0;
  let isQuoted = false;
  let hasBegun = false;
  for (let at = 0; at < value.length; at += 1) {
    const byte = value[at];
    if (isQuoted) {
      if (byte === QUOTE) isQuoted = false;
    } else if (!hasBegun && isBlank(byte)) start += 1;
    else if (hasBegun && byte === COMMA) {
      if (at > start) items.push(value.subarray(start, at));
      start = at + 1;
      hasBegun = false;
    } else {
      hasBegun = true;
      isQuoted = byte === QUOTE;
    }
  }
  if (value.length > start) items.push(value.subarray(start));
  return items;
}
