/** HTTP/1 as Suricata with libhtp and its default configuration sees it. */
import type { Protocol } from '../protocol.ts';
import { HTTP_BUFFERS } from './buffers.ts';
import { HTTP_CONDITIONS } from './conditions.ts';
import { addHttp } from './eve.ts';
import { HttpParser } from './http-parser.ts';
import { BODY, COMPLETE, HEADERS, type HttpTransaction, LINE, TRAILER } from './http-transaction.ts';
import { HTTP_PROBES } from './probes.ts';

export const http: Protocol<HttpTransaction> = {
  name: 'http',
  transports: ['tcp'],
  probes: HTTP_PROBES,
  buffers: HTTP_BUFFERS,
  conditions: HTTP_CONDITIONS,
  end: [COMPLETE, COMPLETE],
  hooks: ['request', 'response'].flatMap((side) => [
    { name: `${side}_line`, progress: LINE },
    { name: `${side}_headers`, progress: HEADERS },
    { name: `${side}_body`, progress: BODY },
    { name: `${side}_trailer`, progress: TRAILER },
  ]),
  filesAt: [BODY, BODY],
  open: () => new HttpParser(),
  addEve: addHttp,
};
