/** content, its modifiers, and the buffers that legacy modifiers name. */
import { type Draft, type DraftContent, PAYLOAD } from '../draft.ts';
import { whole, wholeOrHex } from '../numbers.ts';
import type { Amount } from '../rule.ts';
import { shown, wrong } from '../rule-mistake.ts';
import { contentBytes } from './content-bytes.ts';
import type { KeywordRow } from './row.ts';

const OFFSET_MAX = 65_535;
const DISTANCE_MAX = 1_048_576;

function addContent(draft: Draft, keyword: string, text: string, isNegated: boolean): void {
  const bytes = contentBytes(keyword, text);
  const content: DraftContent = {
    kind: 'content',
    bytes,
    isNegated,
    nocase: false,
    offset: null,
    depth: null,
    distance: null,
    within: null,
    startsWith: false,
    endsWith: false,
    rawBytes: false,
    fastPattern: 'no',
  };
  draft.add(content);
}

export function amount(draft: Draft, keyword: string, text: string, min: number, max: number): Amount {
  if (/^[-+]?\d/.test(text))
    return min < 0 && !text.startsWith('0x') ? whole(keyword, text, min, max) : wholeOrHex(keyword, text, max);
  if (!draft.variables.includes(text)) wrong(keyword, `no byte_extract or byte_math before it sets "${shown(text)}"`);
  return text;
}

function notRelative(keyword: string, { distance, within }: DraftContent): void {
  if (distance !== null || within !== null) wrong(keyword, 'it cannot go with distance or within');
}

function notAbsolute(keyword: string, { offset, depth, startsWith }: DraftContent): void {
  if (offset !== null || depth !== null || startsWith) wrong(keyword, 'it cannot go with offset, depth or startswith');
}

const PLACES: ReadonlySet<string> = new Set(['offset', 'depth', 'distance', 'within', 'startswith']);

type Modifier = (draft: Draft, text: string, content: DraftContent) => void;

const modifier = (name: string, value: KeywordRow['value'], change: Modifier): KeywordRow => ({
  name,
  subject: 'payload',
  value,
  read: (draft, { text }) => {
    const content = draft.content(name);
    if (content.fastPattern === 'only' && PLACES.has(name)) wrong(name, 'it cannot go with fast_pattern:only');
    change(draft, text, content);
  },
});

export const CONTENT: readonly KeywordRow[] = [
  {
    name: 'content',
    subject: 'payload',
    value: 'needed',
    quotes: 'needed',
    negation: true,
    read: (draft, { text, isNegated }) => addContent(draft, 'content', text, isNegated),
  },
  {
    name: 'uricontent',
    subject: 'http',
    value: 'needed',
    quotes: 'needed',
    negation: true,
    read: (draft, { text, isNegated }) => {
      addContent(draft, 'uricontent', text, isNegated);
      draft.move('uricontent', 'http.uri');
    },
  },
  {
    name: 'filemagic',
    subject: 'file',
    value: 'needed',
    quotes: 'needed',
    negation: true,
    read: (draft, { text, isNegated }) => {
      // What follows it is about no buffer that was set before.
      if (draft.buffer !== PAYLOAD) draft.stick('filemagic', PAYLOAD, false);
      addContent(draft, 'filemagic', text, isNegated);
      draft.content('filemagic').nocase = true;
      draft.move('filemagic', 'file.magic');
    },
  },
  modifier('nocase', 'none', (_draft, _text, content) => {
    if (content.nocase) wrong('nocase', 'it is there twice for one content');
    content.nocase = true;
  }),
  modifier('rawbytes', 'none', (draft, _text, content) => {
    if (draft.buffer !== 'payload') wrong('rawbytes', 'it cannot go with a buffer');
    if (content.rawBytes) wrong('rawbytes', 'it is there twice for one content');
    content.rawBytes = true;
  }),
  modifier('offset', 'needed', (draft, text, content) => {
    if (content.startsWith) wrong('offset', 'it cannot go with startswith');
    if (content.offset !== null) wrong('offset', 'it is there twice for one content');
    notRelative('offset', content);
    content.offset = amount(draft, 'offset', text, 0, OFFSET_MAX);
  }),
  modifier('depth', 'needed', (draft, text, content) => {
    if (content.startsWith || content.depth !== null) wrong('depth', 'it is there twice for one content');
    notRelative('depth', content);
    content.depth = amount(draft, 'depth', text, 0, OFFSET_MAX);
    atLeastLength('depth', content.depth, content);
  }),
  modifier('startswith', 'none', (_draft, _text, content) => {
    if (content.startsWith || content.depth !== null) wrong('startswith', 'depth or startswith is there already');
    if (content.offset !== null) wrong('startswith', 'it cannot go with offset');
    notRelative('startswith', content);
    content.startsWith = true;
  }),
  modifier('endswith', 'none', (_draft, _text, content) => {
    content.endsWith = true;
  }),
  modifier('distance', 'needed', (draft, text, content) => {
    if (content.distance !== null) wrong('distance', 'it is there twice for one content');
    notAbsolute('distance', content);
    content.distance = amount(draft, 'distance', text, -DISTANCE_MAX, DISTANCE_MAX);
  }),
  modifier('within', 'needed', (draft, text, content) => {
    if (content.within !== null) wrong('within', 'it is there twice for one content');
    notAbsolute('within', content);
    content.within = amount(draft, 'within', text, -DISTANCE_MAX, DISTANCE_MAX);
    atLeastLength('within', content.within, content);
  }),
  modifier('fast_pattern', 'optional', fastPattern),
];

function atLeastLength(keyword: string, limit: Amount, { bytes }: DraftContent): void {
  if (typeof limit === 'number' && limit < bytes.length)
    wrong(keyword, `${limit} is less than the content's ${bytes.length} bytes`);
}

/** The first of several counts. Suricata asks for others in the payload alone, and only where the whole is meant. */
function fastPattern(draft: Draft, text: string, content: DraftContent): void {
  const isPlaced =
    content.offset !== null ||
    content.depth !== null ||
    content.distance !== null ||
    content.within !== null ||
    content.startsWith;
  if (content.isNegated && isPlaced) wrong('fast_pattern', 'a negated content with a place cannot be the fast pattern');
  if (text === '') {
    if (content.fastPattern !== 'no' || draft.payloadContents().some(({ fastPattern }) => fastPattern !== 'no'))
      wrong('fast_pattern', 'one content of a rule can be its fast pattern');
    content.fastPattern = 'whole';
  } else if (/^\s*only/.test(text)) {
    if (content.isNegated || isPlaced) wrong('fast_pattern', 'only cannot go with a negation or a place');
    content.fastPattern = 'only';
  } else {
    // What stands before the two numbers is passed over.
    const part = /(\d+)\s*,\s*(\d+)\s*$/.exec(text);
    if (part === null) wrong('fast_pattern', `"${shown(text)}" is neither "only" nor an offset and a length`);
    const [offset, length] = [Number(part[1]), Number(part[2])];
    if (offset + length > content.bytes.length) wrong('fast_pattern', 'the part goes beyond the content');
    content.fastPattern = { offset, length };
  }
}
