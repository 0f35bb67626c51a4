/**
 * Objects of DNP3 (IEEE 1815) by group and variation: what stands in each of their points, in the words of EVE.
 * `(a b.2)`: bits of an octet from the lowest on, of one bit or as many; `n:2` a number of so many octets, `n:i2` with a
 * sign, `n:f4` a fraction; `t=n` text as long as the field `n` says, `t=*255` the rest of the point, which is shorter than
 * that; `d@n` and `d@*` the same of data; `t#4` text of four octets. `packed` and `packed2`: points of one bit or two, and
 * nothing else. `sized`, `sized2`: the length of the point stands before it, in any form or in two octets.
 */
const FLAGS = 'online restart comm_lost remote_forced local_forced';
const BINARY = `(${FLAGS} chatter_filter reserved state)`;
const DOUBLE = `(${FLAGS} chatter_filter state.2)`;
const OUTPUT = `(${FLAGS} reserved0 reserved1 state)`;
const COUNTER = `(${FLAGS} rollover discontinuity reserved0)`;
const COUNTER_TIMED = `(${FLAGS} rollover discontinuity reserved1)`;
const DELTA = `(${FLAGS} rollover reserved0 reserved1)`;
const ANALOG = `(${FLAGS} over_range reference_err reserved0)`;
const SECURITY = `(${FLAGS} reserved0 discontinuity reserved1) association_id:2 count_value:4`;
const CONTROL = '(op_type.4 qu cr tcc.2) count:1 ontime:4 offtime:4 (status_code.7 reserved)';
const COMMAND = '(status_code.7 commanded_state)';
const STATUS = '(status_code.7 reserved0)';
const TIME = 'timestamp:6';

const COUNTERS = [`${COUNTER} count:4`, `${COUNTER} count:2`, `${DELTA} count:4`, `${DELTA} count:2`];
const PLAIN_COUNTERS = ['count:4', 'count:2', 'count:4', 'count:2'];
const timed = (rows: readonly string[]): string[] => rows.map((row) => `${row} ${TIME}`);
const ANALOGS = [`${ANALOG} value:i4`, `${ANALOG} value:i2`];
const FLOATS = [`${ANALOG} value:f4`, `${ANALOG} value:f8`];
const ANALOG_EVENTS = [...ANALOGS, ...timed(ANALOGS), ...FLOATS, ...timed(FLOATS)];
const COMMANDED = [`${STATUS} commanded_value:i4`, `${STATUS} commanded_value:i2`];
const COMMANDED_FLOATS = [`${STATUS} commanded_value:f4`, `${STATUS} commanded_value:f8`];

/** By group; the first is of variation 1, an empty one of none. */
export const OBJECTS: Readonly<Record<number, readonly string[]>> = {
  1: ['packed state', BINARY],
  2: ['state:1', `${BINARY} ${TIME}`, `${BINARY} timestamp:2`],
  3: ['packed2 state', DOUBLE],
  4: [DOUBLE, `${DOUBLE} ${TIME}`, `${DOUBLE} relative_time_ms:2`],
  10: ['packed state', OUTPUT],
  11: [OUTPUT, `${OUTPUT} ${TIME}`],
  12: [CONTROL, CONTROL, 'packed point'],
  13: [COMMAND, `${COMMAND} ${TIME}`],
  20: [...COUNTERS, ...PLAIN_COUNTERS],
  21: [
    ...COUNTERS,
    ...timed([`${COUNTER_TIMED} count:4`, `${COUNTER_TIMED} count:2`, `${DELTA} count:4`, `${DELTA} count:2`]),
    ...PLAIN_COUNTERS,
  ],
  22: [...COUNTERS, ...timed([`${DELTA} count:4`, `${COUNTER} count:2`, `${DELTA} count:4`, `${DELTA} count:2`])],
  23: [
    `${COUNTER} count:4`,
    `${DELTA} count:2`,
    `${DELTA} count:4`,
    `${DELTA} count:2`,
    ...timed([`${COUNTER} count:4`, `${COUNTER} count:2`, `${DELTA} count:4`, `${DELTA} count:2`]),
  ],
  30: [...ANALOGS, 'value:i4', 'value:i2', ...FLOATS],
  31: [...ANALOGS, ...timed(ANALOGS), 'value:i4', 'value:i2', ...FLOATS],
  32: ANALOG_EVENTS,
  33: ANALOG_EVENTS,
  34: ['deadband_value:2', 'deadband_value:4', 'deadband_value:f4'],
  40: [...ANALOGS, ...FLOATS],
  41: [
    'value:i4 control_status:1',
    'value:i2 control_status:1',
    'value:f4 control_status:1',
    'value:f8 control_status:1',
  ],
  42: ANALOG_EVENTS,
  43: [...COMMANDED, ...timed(COMMANDED), ...COMMANDED_FLOATS, ...timed(COMMANDED_FLOATS)],
  50: [TIME, `${TIME} interval:4`, TIME, `${TIME} interval_count:4 interval_units:1`],
  51: [TIME, TIME],
  52: ['delay_secs:2', 'delay_ms:2'],
  70: [
    `filename_size:2 filetype_code:1 attribute_code:1 start_record:2 end_record:2 file_size:4 created_timestamp:6
      permission:2 file_id:4 owner_id:4 group_id:4 file_function_code:1 status_code:1 filename=filename_size
      data_size:2 data=data_size`,
    `username_offset:2 username_size:2 password_offset:2 password_size:2 authentication_key:4
      username=username_size password=password_size`,
    `filename_offset:2 filename_size:2 created:6 permissions:2 authentication_key:4 file_size:4
      operational_mode:2 maximum_block_size:2 request_id:2 filename=filename_size`,
    `sized file_handle:4 file_size:4 maximum_block_size:2 request_id:2 status_code:1 optional_text=*255`,
    'sized file_handle:4 block_number:4 file_data=*255',
    'sized file_handle:4 block_number:4 status_code:1 optional_text=*255',
    `filename_offset:2 filename_size:2 file_type:2 file_size:4 created_timestamp:6 permissions:2 request_id:2
      filename=filename_size`,
    'sized2 file_specification=*65535',
  ],
  80: ['packed state'],
  81: ['(fill_percentage.7 overflow_state) group:1 variation:1'],
  83: ['data->vendor_code#4 object_id:2 length:2 data->data_objects@length'],
  86: ['', '(rd wr st ev df padding0 padding1 padding2)'],
  102: ['value:1'],
  120: [
    'sized2 csq:4 usr:2 mal:1 reason:1 data->challenge_data@*',
    'sized2 csq:4 usr:2 data->mac_value@*',
    'csq:4 user_number:2',
    'user_number:2',
    `sized2 ksq:4 user_number:2 key_wrap_alg:1 key_status:1 mal:1 challenge_data_len:2
      data->challenge_data@challenge_data_len data->mac_value@*`,
    'sized2 ksq:3 usr:2 data->wrapped_key_data@*',
    'sized2 sequence_number:4 usr:2 association_id:2 error_code:1 time_of_error:6 error_text=*65535',
    'sized2 key_change_method:1 certificate_type:1 data->certificate@*',
    'data->mac_value@*',
    `sized2 key_change_method:1 operation:1 scs:4 user_role:2 user_role_expiry_interval:2 username_len:2
      user_public_key_len:2 certification_data_len:2 username=username_len
      data->user_public_key@user_public_key_len data->certification_data@certification_data_len`,
    `sized2 key_change_method:1 username_len:2 master_challenge_data_len:2 username=username_len
      data->master_challenge_data@master_challenge_data_len`,
    'sized2 ksq:4 user_number:2 challenge_data_len:2 data->challenge_data@challenge_data_len',
    `sized2 ksq:4 user_number:2 encrypted_update_key_len:2
      data->encrypted_update_key_data@encrypted_update_key_len`,
    'sized2 data->digital_signature@*',
    'sized2 data->mac@*',
  ],
  121: [SECURITY],
  122: [SECURITY, `${SECURITY} ${TIME}`],
};
