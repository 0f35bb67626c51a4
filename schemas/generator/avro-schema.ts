/** The Avro schema of a published reading. `unit` and `scale` are attributes that Avro readers ignore. */
import type { FrameDescription } from '../frame-model.ts';
import { flagNames, type PublishedField, publishedFields } from './published.ts';

const TIMESTAMP = { type: 'long', logicalType: 'timestamp-millis' };

const HEAD = [
  { name: 'device', type: 'string', doc: 'The device that the envelope or the bridge authenticated.' },
  { name: 'eventTime', type: TIMESTAMP, doc: "The device's signed time, else the time of receipt." },
  { name: 'receivedAt', type: TIMESTAMP, doc: 'When the bridge received the frame.' },
  { name: 'bootEpoch', type: 'long', doc: 'Counts the restarts of the device, from the envelope.' },
  { name: 'sequence', type: 'long', doc: 'Counts the frames within the boot epoch, from the envelope.' },
  { name: 'verified', type: 'boolean', doc: 'Whether a signature was verified; false for legacy devices only.' },
  {
    name: 'suspect',
    type: 'boolean',
    doc: 'Whether the device has signed two different frames under one sequence, so that its key may be copied.',
  },
];

function avroField(field: PublishedField): object {
  const { name, doc } = field;
  if (field.kind === 'date') return { name, type: TIMESTAMP, doc };
  if (field.kind === 'counter') return { name, type: 'long', doc };
  if (field.kind === 'measure') {
    const range = ' Null where out of its physical limits.';
    return {
      name,
      type: ['null', 'double'],
      default: null,
      doc: `${doc}${range}`.trim(),
      unit: field.unit,
      scale: field.scale,
    };
  }
  return { name, type: ['null', 'long'], default: null, doc };
}

export function avroSchema(frame: FrameDescription): object {
  const flags = flagNames(frame);
  return {
    type: 'record',
    name: frame.record,
    namespace: 'msec.readings',
    doc: `A reading of: ${frame.title}.`,
    fields: [
      ...HEAD,
      ...publishedFields(frame).map(avroField),
      {
        name: 'flags',
        type: { type: 'array', items: 'string' },
        default: [],
        doc: `What to mind: ${flags.length === 0 ? 'none yet' : flags.join(', ')}.`,
      },
    ],
  };
}
