/** The bytes of a content: characters, `\` before `" ; : \`, and hexadecimal digits between `|`. */
import { wrong } from '../rule-mistake.ts';

const ESCAPED = '";:\\';
const WRITTEN_OTHERWISE = /[|\\"]/;

export function contentBytes(keyword: string, text: string): Uint8Array {
  if (!WRITTEN_OTHERWISE.test(text)) {
    const plain = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) plain[at] = text.charCodeAt(at);
    return plain;
  }
  const bytes: number[] = [];
  let hex: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (char === '|') {
      if (hex !== null && hex.length % 2 === 1) wrong(keyword, 'a byte in hexadecimal has one digit');
      for (let i = 0; hex !== null && i < hex.length; i += 2) bytes.push(Number.parseInt(hex.slice(i, i + 2), 16));
      hex = hex === null ? '' : null;
    } else if (hex !== null) {
      if (/[0-9a-fA-F]/.test(char)) hex += char;
      else if (char !== ' ') wrong(keyword, `"${char}" is no hexadecimal digit`);
    } else if (char === '\\') {
      at += 1;
      const escaped = text[at];
      if (escaped === undefined || !ESCAPED.includes(escaped)) wrong(keyword, 'a backslash itself must be escaped');
      bytes.push(escaped!.charCodeAt(0));
    } else if (char === '"') wrong(keyword, 'a double quote must be escaped');
    else bytes.push(char.charCodeAt(0) & 0xff);
  }
  if (hex !== null) wrong(keyword, 'bytes in hexadecimal are not closed with |');
  return Uint8Array.from(bytes);
}

export function printBytes(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return byte < 0x20 || byte > 0x7e || '|";:\\'.includes(char) ? `|${byte.toString(16).padStart(2, '0')}|` : char;
    })
    .join('');
}
