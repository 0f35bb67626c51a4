/** How long things of a mail may be, as in Suricata, and how many of them are kept. */
export const FIELD_BYTES = {
  /** Of a mail; of a body in base64 or quoted-printable. Longer ones are noted. */
  line: 998,
  encodedLine: 76,
  headerName: 75,
  /** No more of a header's value is kept. */
  headerValue: 2000,
  boundary: 254,
  fileName: 255,
} as const;

/** Parts of one mail, how deep they lie in each other, and what its headers and URLs may take. */
export const MAIL_MAX = { parts: 4096, depth: 256, headerBytes: 1 << 20, urlBytes: 1 << 20, files: 1024 } as const;
