/** The template data of a line of the ASCII list: the kernel hashed bytes of which the line shows hexadecimal digits. */
import { algorithmOf, type ImaFault } from './ima-entry.ts';
import { IMA_DIGEST_BYTES, IMA_NAME_BYTES, type ImaField, type ImaTemplate } from './ima-template.ts';

const HEX = /^(?:[0-9a-f]{2})*$/;

/** `fields` are what is between the spaces, one character for each byte. */
export function readAsciiData(
  template: ImaTemplate,
  fields: readonly string[],
  oldest: (digest: Uint8Array, path: Uint8Array) => Buffer,
): Buffer | ImaFault {
  if (template.fields === null) {
    const [digest = '', ...rest] = fields;
    const path = Buffer.from(rest.join(' '), 'latin1');
    if (digest.length !== 2 * IMA_DIGEST_BYTES || !HEX.test(digest))
      return { field: 'digest', says: 'must have 40 hexadecimal digits' };
    if (path.length === 0 || path.length >= IMA_NAME_BYTES || path.includes(0))
      return { field: 'path', says: `must have 1 to ${IMA_NAME_BYTES - 1} bytes other than zero` };
    return oldest(Buffer.from(digest, 'hex'), path);
  }
  // A field that is empty still has its space before it.
  if (fields.length !== template.fields.length)
    return { field: 'fields', says: `there are ${fields.length}, ${template.name} has ${template.fields.length}` };
  const parts: Buffer[] = [];
  for (const [i, kind] of template.fields.entries()) {
    const bytes = fieldBytes(kind, fields[i]!);
    if (bytes === undefined)
      return { field: kind === 'n-ng' ? 'path' : kind, says: 'is not written as the kernel does' };
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}

function fieldBytes(kind: ImaField, text: string): Buffer | undefined {
  if (kind === 'bytes') return HEX.test(text) ? Buffer.from(text, 'hex') : undefined;
  if (kind === 'n-ng') return text === '' || text.includes('\0') ? undefined : Buffer.from(`${text}\0`, 'latin1');
  const colon = text.lastIndexOf(':');
  const [prefix, digest] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon < 1 || algorithmOf(prefix, kind) === undefined || !HEX.test(digest)) return undefined;
  return Buffer.concat([Buffer.from(`${prefix}:\0`, 'latin1'), Buffer.from(digest, 'hex')]);
}
