/** The order of what rules ask of transactions, as `suricata --engine-analysis` of 7.0.10 gives it. */
import t from 'tap';
import { readRules, SENSOR_DEFAULTS, variables } from '../../../../actors/detect/index.ts';
import { compileRules } from '../../../../actors/detect/inspect/compiled-rules.ts';

t.test(
  'what has the fast pattern is asked first, but for what comes to lie before it in a list of all protocols',
  async (t) => {
    const { protocols } = SENSOR_DEFAULTS;
    const cases: readonly (readonly [string, string, string, string])[] = [
      [
        'http',
        'http.protocol; content:"http"; http.header; content:"cc";',
        'http.header http.protocol*',
        'http.header http.protocol*',
      ],
      [
        'http1',
        'http.protocol; content:"http"; http.header; content:"cc";',
        'http.protocol* http.header',
        'http.protocol* http.header',
      ],
      [
        'http',
        'flow:to_server; http.header; content:"dddd"; http.method; content:"cc";',
        'http.method http.header*',
        '',
      ],
      [
        'http1',
        'flow:to_server; http.header; content:"dddd"; http.method; content:"cc";',
        'http.header* http.method',
        '',
      ],
      ['http', 'content:"dddd"; http_header; content:"cc"; http_method;', 'http.header* http.method', ''],
      ['http', 'http.method; content:"cc"; http.header; content:"dddd";', 'http.header* http.method', ''],
      [
        'http',
        'pkt_data; content:"x"; http.uri; content:"ab"; file.data; content:"a";',
        'http.uri* file.data payload',
        '',
      ],
      [
        'http',
        'http.start; content:"x"; http.protocol; content:"abc"; depth:3;',
        'http.protocol* http.start',
        'http.protocol* http.start',
      ],
      [
        'tls',
        'tls.cert_subject; content:"abc"; tls.random; content:"a";',
        'tls.random tls.cert_subject*',
        'tls.cert_subject* tls.random',
      ],
    ];
    for (const [protocol, options, toServer, toClient] of cases) {
      const text = `alert ${protocol} any any -> any any (${options} sid:1;)`;
      const { accepted } = readRules([{ name: 'r', text }], variables());
      const { signatures } = compileRules(accepted, { protocols, classes: new Map(), thresholds: [], ruleSet: null });
      const engines = signatures[0]!.engines.get(protocol === 'tls' ? 'tls' : 'http')!;
      const names = engines.map((ofOne) =>
        ofOne.map(({ name, isPrefiltered }) => `${name}${isPrefiltered ? '*' : ''}`).join(' '),
      );
      t.same(names, [toServer, toClient], text);
    }
  },
);
