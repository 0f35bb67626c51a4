/** docs/reference/keywords.md, out of the tables of keywords that rules are read by, and of those that are refused. */
import { KEYWORD_GROUPS, type KeywordRow, REFUSED_LATER, REFUSED_SEVEN } from '../actors/detect/index.ts';

const SUBJECTS: Readonly<Record<string, string>> = {
  label: 'the rule',
  packet: 'a packet',
  payload: 'the buffer that is set',
  flow: 'the flow',
  file: 'a file',
};
const VALUES = { none: 'no', needed: 'yes', optional: 'may' } as const;
const WAYS = { to_server: 'to the server', to_client: 'to the client' } as const;

const name = (keyword: string): string => `\`${keyword}\``;

function line(row: KeywordRow): string {
  const cells = [
    name(row.name),
    (row.aliases ?? []).map(name).join(', '),
    SUBJECTS[row.subject] ?? row.subject,
    VALUES[row.value],
    row.only === undefined ? '' : WAYS[row.only],
    String(row.since ?? 7),
  ];
  return `| ${cells.join(' | ')} |`;
}

function refused(keywords: ReadonlyMap<string, string>): string[] {
  const byReason = new Map<string, string[]>();
  for (const [keyword, because] of keywords) byReason.set(because, [...(byReason.get(because) ?? []), keyword]);
  return [
    '| because | keywords |',
    '|---|---|',
    ...[...byReason].map(([because, names]) => `| ${because} | ${names.toSorted().map(name).join(', ')} |`),
  ];
}

export function keywordsDocument(): string {
  const rows = [...KEYWORD_GROUPS.values()].flat();
  const later = rows.filter(({ since }) => since !== undefined).length;
  return [
    '# Keywords of rules',
    '',
    'Generated from `actors/detect/rules/keywords/` by `npm run generate`; not edited by hand. What is beyond keywords, and',
    'how buffers and protocols behave, stands in [detection](../detection.md).',
    '',
    `${rows.length} keywords are read, ${later} of them newer than Suricata 7; ${REFUSED_SEVEN.size} names of Suricata 7 and ${REFUSED_LATER.size} later ones are refused with their reason.`,
    '`since`: the Suricata that has it first, 7 also where it is older. `value`: whether the keyword takes one.',
    '',
    ...[...KEYWORD_GROUPS].flatMap(([title, group]) => [
      `## ${title}`,
      '',
      '| keyword | other names | about | value | only | since |',
      '|---|---|---|---|---|---|',
      ...group.map(line),
      '',
    ]),
    '## Refused: of Suricata 7',
    '',
    ...refused(REFUSED_SEVEN),
    '',
    '## Refused: newer ones',
    '',
    ...refused(REFUSED_LATER),
    '',
  ].join('\n');
}
