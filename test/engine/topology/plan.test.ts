import t from 'tap';
import {
  type AnyActor,
  defineActor,
  jsonCodec,
  type Plan,
  planTopology,
  type Topic,
  type TopologyDefinition,
  topic,
} from '../../../engine/index.ts';

const json = jsonCodec();
const outside = topic('outside', json, { external: true });
const [a, b, c] = ['a', 'b', 'c'].map((name) => topic(name, json)) as [Topic<unknown>, Topic<unknown>, Topic<unknown>];

function actor(
  name: string,
  inputs: Record<string, Topic<unknown>>,
  outputs: Record<string, Topic<unknown>> = {},
  rekeyed: string[] = [],
): AnyActor {
  return defineActor({ name, inputs, outputs, rekeyed, process: () => {} });
}

const plan = (actors: AnyActor[], more: Partial<TopologyDefinition> = {}): Plan =>
  planTopology({ name: 'app', partitions: 2, actors, ...more });

/** A plan as text, as short as it can be pinned. */
function printed({ subtopologies }: Plan): string[] {
  return subtopologies.map(({ name, stages, sources }) => {
    const reads = sources
      .filter(({ isResend }) => !isResend)
      .map(({ topic, feeds }) => `${topic.name}>${feeds.map(({ stage, input }) => `${stage}.${input}`).join('+')}`);
    const does = stages.map(({ actor, outputs }) => {
      const out = outputs.map(
        (o) =>
          `${o.topic.name}${o.isWritten ? ' written' : ''}${o.carriesWatermark ? ' timed' : ''}${o.isRekeyed ? ' rekeyed' : ''}${o.calls.map(({ stage, input }) => ` calls ${stage}.${input}`).join('')}`,
      );
      return `${actor.name}(${out.join(', ')})`;
    });
    return `${name}: ${reads.join(' ')} | ${does.join(' ')}`;
  });
}

t.test('each mistake in the wiring has its own words', (t) => {
  for (const [says, definition] of [
    [/must be lower case/, () => plan([actor('Upper', { outside })])],
    [/Two actors are called "one"/, () => plan([actor('one', { outside }), actor('one', { outside })])],
    [/has no input/, () => plan([actor('one', {})])],
    [/one topic as two inputs/, () => plan([actor('one', { outside, again: outside })])],
    [/has no actor/, () => plan([])],
    [/which no actor writes/, () => plan([actor('one', { a })])],
    [
      /Topic "a" is json elsewhere, but raw for actor "two"/,
      () => plan([actor('one', { outside }, { a }), actor('two', { raw: topic('a', { ...json, format: 'raw' }) })]),
    ],
    [/one → two → one form a cycle/, () => plan([actor('one', { outside, b }, { a }), actor('two', { a }, { b })])],
    [/form a cycle/, () => plan([actor('one', { outside, a }, { a })])],
    [/"nowhere" is listed under omit or cycles/, () => plan([actor('one', { outside })], { omit: ['nowhere'] })],
    [/"nowhere" is listed/, () => plan([actor('one', { outside })], { cycles: ['nowhere'] })],
    [/"other" as rekeyed/, () => plan([actor('one', { outside }, { a }, ['other'])])],
    [/whole number of partitions/, () => plan([actor('one', { outside })], { partitions: 0 })],
    [
      /rows of 100 bytes/,
      () =>
        plan([
          defineActor({
            name: 'one',
            inputs: { outside },
            state: { r: { kind: 'rows', rowBytes: 100 } },
            process: () => {},
          }),
        ]),
    ],
  ] as const)
    t.throws(definition, { code: 'TOPOLOGY_INVALID', message: says }, `${says}`);
  t.end();
});

t.test('a chain fuses into one task, and reads from the log only what comes from outside', (t) => {
  t.same(printed(plan([actor('two', { a }, { b }), actor('one', { outside }, { a }), actor('three', { b }, { c })])), [
    'one: outside>0.outside | one(a calls 1.a) two(b calls 2.b) three(c written)',
  ]);
  t.end();
});

t.test('unfused, each stage reads its topic, which then carries the time', (t) => {
  t.same(printed(plan([actor('one', { outside }, { a }), actor('two', { a }, { b })], { fuse: false })), [
    'one: outside>0.outside | one(a written timed)',
    'two: a>0.a | two(b written)',
  ]);
  t.end();
});

t.test('a public topic inside of a chain is written and called; omitted, it is only called', (t) => {
  const open = topic('open', json, { access: 'public' });
  const actors = [actor('one', { outside }, { open }), actor('two', { open })];
  t.same(printed(plan(actors)), ['one: outside>0.outside | one(open written calls 1.open) two()']);
  t.same(printed(plan(actors, { omit: ['open'] })), ['one: outside>0.outside | one(open calls 1.open) two()']);
  t.end();
});

t.test('another key ends the chain, also for those who write the topic under their own', (t) => {
  t.same(printed(plan([actor('one', { outside }, { a }, ['a']), actor('two', { a })])), [
    'one: outside>0.outside | one(a written timed rekeyed)',
    'two: a>0.a | two()',
  ]);
  // one and two are fused through b; three writes a under another key: two must read all of a from the log.
  t.same(
    printed(
      plan([actor('one', { outside }, { a, b }), actor('two', { a, b }), actor('three', { outside }, { a }, ['a'])]),
    ),
    [
      'one: outside>0.outside a>1.a | one(a written timed, b calls 1.b) two()',
      'three: outside>0.outside | three(a written timed rekeyed)',
    ],
  );
  t.end();
});

t.test('a declared cycle goes through its topic', (t) => {
  t.same(printed(plan([actor('one', { outside, b }, { a }), actor('two', { a }, { b })], { cycles: ['b'] })), [
    'one: outside>0.outside b>0.b | one(a calls 1.a) two(b written timed)',
  ]);
  t.end();
});

t.test('calls only go forward, whatever the order in which actors are listed', (t) => {
  const actors = [
    actor('join', { b, c }),
    actor('left', { a }, { b }),
    actor('right', { a }, { c }),
    actor('first', { outside }, { a }),
  ];
  for (let i = 0; i < actors.length; i++) {
    const { subtopologies } = plan([...actors.slice(i), ...actors.slice(0, i)]);
    t.equal(subtopologies.length, 1);
    for (const [index, { outputs }] of subtopologies[0]!.stages.entries())
      for (const { calls } of outputs) for (const { stage } of calls) t.ok(stage > index);
  }
  t.end();
});

t.test('all topics that the plan takes are listed, with the groups that retention waits for', (t) => {
  const { topics } = plan([actor('one', { outside }, { a }), actor('two', { a }, { b })], { fuse: false });
  t.same(topics.map(({ name }) => name).toSorted(), [
    'a',
    'a.dlq',
    'a.resend',
    'app.one.state',
    'app.two.state',
    'b',
    'outside',
    'outside.dlq',
    'outside.resend',
  ]);
  t.ok(topics.every(({ partitions }) => partitions === 2));
  const readers = Object.fromEntries(topics.map(({ name, requiredReaders }) => [name, requiredReaders]));
  t.same(readers.a, ['app.two']);
  t.same(readers.outside, ['app.one']);
  t.same(readers['a.resend'], ['app.two']);
  t.same(readers.b, []);
  t.end();
});

t.test('letters that come again feed each actor that reads the topic, fused or not', (t) => {
  const [chain] = plan([
    actor('one', { outside }, { a }),
    actor('two', { a }),
    actor('other', { outside }, { a }),
  ]).subtopologies;
  t.same(
    chain?.sources.filter(({ isResend }) => isResend).map(({ topic, feeds }) => [topic.name, feeds]),
    [
      [
        'outside.resend',
        [
          { stage: 0, input: 'outside' },
          { stage: 1, input: 'outside' },
        ],
      ],
      ['a.resend', [{ stage: 2, input: 'a' }]],
    ],
  );
  t.end();
});
