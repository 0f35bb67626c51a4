/** Rules of one port decide what is looked for in flows with another: as in Suricata 7.0.10, whose answers these are. */
import t from 'tap';
import { COST, NO_GROUP, PortGroups } from '../../../../actors/detect/inspect/port-groups.ts';
import { alertsIn, Scene, SYN } from '../sensor/scene.ts';

const ANY = 'any any -> any any';

t.test(
  'a rule about a header is asked of the other direction where a rule of the ports asks for that header',
  async (t) => {
    const rules = [
      `alert tcp ${ANY} (flow:to_client; ip.src; content:"|0a|"; startswith;)`,
      `alert tcp any any -> any 80 (flow:to_server; ip.src; content:"|0a 01|"; startswith;)`,
    ];
    t.same(alertsIn(new Scene(80).handshake(), rules), ['1> 2< 3>', '1> 3>']);
    t.same(alertsIn(new Scene(81).handshake(), rules), ['2<', '']);
  },
);

t.test(
  'of many ports those with the fewest rules have one group, which stands for ports that no rule names, too',
  async (t) => {
    const every = 'alert tcp any any -> !192.0.2.1 any ()';
    const many = Array.from({ length: 45 }, (_, i) => `alert tcp any any -> any ${1001 + i} (ttl:>200;)`);
    // Where a rule asks of the stream, a flow that was only begun seems to have something left of it.
    const asks = (port: number, streamPort: number): string | undefined =>
      alertsIn(new Scene(port).segment(0, SYN, 0, 0), [
        every,
        ...many,
        `alert tcp any any -> any ${streamPort} (content:"abc";)`,
      ])[0];
    for (const port of [1001, 1045]) t.equal(asks(port, port), '1> ->');
    for (const port of [1001, 1030, 9999]) t.equal(asks(port, 1045), '1>', 'it has a group of its own');
    t.equal(asks(1001, 2000), '1>');
    t.equal(asks(1045, 2000), '1> ->', 'both have few rules');
    t.equal(asks(9999, 2000), '1> ->');
  },
);

t.test(
  'of a session that is turned round the rules are looked up anew, and what they have set is forgotten',
  async (t) => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const scene = new Scene(8080).say(1, answer).say(0, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n').say(1, answer).say(0, '');
    const toClient = `alert tcp ${ANY} (flow:to_client; content:"200 OK";)`;
    const toServer = `alert tcp ${ANY} (flow:to_server; content:"GET";)`;
    t.same(
      alertsIn(scene, [toClient], '', true),
      [''],
      'no rule asked of the stream to the server, as it was first taken',
    );
    t.same(alertsIn(scene, [toClient, toServer], '', true), ['4< 8<', '6>']);
    const set = `alert tcp ${ANY} (flow:to_server; dsize:>38; flowbits:set,aa;)`;
    t.same(alertsIn(scene, [set, `alert tcp ${ANY} (flowbits:isset,aa;)`], '', true), ['1>', '1>']);
  },
);

t.test('ports with the same rules are one group', async (t) => {
  const rule = (pieces: readonly (readonly [number, number])[], features: number, cost: number = COST.none) => ({
    pieces,
    features,
    cost,
  });
  const all = rule([[0, 65_535]], 1);
  const of = (groups: PortGroups, ...ports: number[]): number[] => ports.map((port) => groups.featuresOf(port));
  const none = new PortGroups([], new Set(), 2);
  t.same(of(none, 0, 80, 65_535), [NO_GROUP, NO_GROUP, NO_GROUP]);
  const three = [
    rule([[80, 80]], 2),
    rule([[100, 200]], 4),
    rule(
      [
        [150, 150],
        [65_535, 65_535],
      ],
      8,
    ),
  ];
  t.same(of(new PortGroups(three, new Set(), 10), 79, 80, 81, 100, 149, 150, 151, 200, 201, 65_534, 65_535), [
    NO_GROUP,
    2,
    NO_GROUP,
    4,
    4,
    12,
    4,
    4,
    NO_GROUP,
    NO_GROUP,
    8,
  ]);
  t.same(of(new PortGroups([all, ...three], new Set(), 2), 79, 80, 150, 300), [13, 3, 13, 13], 'two have their own');
  t.same(of(new PortGroups([all, ...three], new Set([65_535]), 1), 65_535, 150), [9, 15], 'a well-known port has');
  const costly = [all, ...three, rule([[7, 7]], 16, COST.negated)];
  t.same(of(new PortGroups(costly, new Set(), 1), 7, 150), [17, 15]);
});
