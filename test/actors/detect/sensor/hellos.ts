/** What both sides of a TLS session say first: the client asks for `example.org`, the server takes TLS 1.2. */
export const CLIENT_HELLO = Buffer.from(
  '160301004b010000470303'.concat(
    'ab'.repeat(32),
    '000004130100350100001a0000001000',
    '0e00000b',
    '6578616d706c652e6f7267',
    '000a00020000',
  ),
  'hex',
).toString('latin1');
export const SERVER_HELLO = `\x16\x03\x03\x00\x30\x02\x00\x00\x2c\x03\x03${'cd'.repeat(16)}\x00\xc0\x2f\x00\x00\x04\xff\x01\x00\x00`;
