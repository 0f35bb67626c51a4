/**
 * The credential of an HTTP request: `Bearer <device id>:<token>`, or the same as Basic (RFC 7617). A device id holds
 * no colon at its end that could be mistaken: the token is what follows the last one.
 */
export interface Credential {
  readonly deviceId: string;
  /** Absent for a legacy device, which has none. */
  readonly token: string | undefined;
}

const HEADER_CHARS_MAX = 512;
const DEVICE_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** Undefined where the header is missing or not of these forms. */
export function readAuthorization(header: string | undefined): Credential | undefined {
  if (header === undefined || header.length > HEADER_CHARS_MAX) return undefined;
  const [, scheme = '', rest = ''] = /^(bearer|basic) +(\S+) *$/i.exec(header) ?? [];
  if (rest === '') return undefined;
  const pair = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString('latin1') : rest;
  const colon = pair.lastIndexOf(':');
  if (colon < 0) return undefined;
  const deviceId = pair.slice(0, colon);
  const token = pair.slice(colon + 1);
  if (!DEVICE_ID.test(deviceId)) return undefined;
  return { deviceId, token: token === '' ? undefined : token };
}
