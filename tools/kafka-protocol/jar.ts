/** Reads a jar, which is a ZIP file (APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16), as far as jars need it. */
import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/** The files of the jar whose path begins with `prefix`, by path. */
export function readJar(jar: Buffer, prefix: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let end = jar.length - 22;
  while (end >= 0 && jar.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  if (end < 0) throw new Error('not a jar: it has no directory');
  let at = jar.readUInt32LE(end + 16);
  for (let left = jar.readUInt16LE(end + 10); left > 0; left--) {
    if (jar.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error(`not a jar: no directory entry at ${at}`);
    const nameLength = jar.readUInt16LE(at + 28);
    const name = jar.toString('utf8', at + 46, at + 46 + nameLength);
    if (name.startsWith(prefix)) {
      const method = jar.readUInt16LE(at + 10);
      files.set(name, content(jar, jar.readUInt32LE(at + 42), method, jar.readUInt32LE(at + 20)));
    }
    at += 46 + nameLength + jar.readUInt16LE(at + 30) + jar.readUInt16LE(at + 32);
  }
  return files;
}

function content(jar: Buffer, at: number, method: number, length: number): Buffer {
  if (jar.readUInt32LE(at) !== LOCAL_HEADER) throw new Error(`not a jar: no file at ${at}`);
  const start = at + 30 + jar.readUInt16LE(at + 26) + jar.readUInt16LE(at + 28);
  const bytes = jar.subarray(start, start + length);
  if (method === STORED) return bytes;
  if (method === DEFLATED) return inflateRawSync(bytes);
  throw new Error(`a jar with compression method ${method}`);
}
