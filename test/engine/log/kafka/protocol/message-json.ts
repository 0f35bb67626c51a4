/** Messages as the JSON of Kafka's own converters, and back as far as comparing needs it. */

/** As Kafka's JSON has it: bytes in base64. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, item) => (item instanceof Uint8Array ? Buffer.from(item).toString('base64') : item));
}

/** Of `decoded` what `like` has too: beyond it are the defaults of fields that the version lacks. */
export function narrowed(decoded: unknown, like: unknown): unknown {
  if (decoded instanceof Uint8Array) return new Uint8Array(decoded);
  if (Array.isArray(decoded) && Array.isArray(like)) return decoded.map((item, i) => narrowed(item, like[i]));
  if (typeof decoded !== 'object' || decoded === null || typeof like !== 'object' || like === null) return decoded;
  const fields = decoded as { readonly [name: string]: unknown };
  return Object.fromEntries(Object.entries(like).map(([name, value]) => [name, narrowed(fields[name], value)]));
}
