// How a phone's text becomes deliver_sm: GSM 03.38 or UCS-2, whole or in parts, joined by a user
// data header (3GPP TS 23.040 9.2.3.24), by SAR (SMPP 3.4 5.3.2.22) or not at all.
'use strict';

const smpp = require('smpp');

const GSM = smpp.encodings.ASCII;
const UCS2 = smpp.encodings.UCS2;
let reference = 0;

function split({ from, to, text, binary, how }) {
  const head = { ...address('source', from), ...address('dest', to) };
  if (binary) return [{ ...head, data_coding: 4, short_message: Buffer.from(binary, 'hex') }];
  const gsm = GSM.match(text);
  const coded = { ...head, data_coding: gsm ? 0 : 8 };
  if (how === 'payload') {
    return [{ ...coded, message_payload: gsm ? GSM.encode(text) : UCS2.encode(text) }];
  }
  const pieces = cut(text, gsm, how === 'udh16' ? -1 : 0);
  if (pieces.length === 1) return [{ ...coded, short_message: pieces[0] }];
  reference = (reference + 1) % 0x10000;
  const of = pieces.length;
  return pieces.map((message, at) => {
    if (how === 'sar') {
      return {
        ...coded,
        short_message: message,
        sar_msg_ref_num: reference,
        sar_total_segments: of,
        sar_segment_seqnum: at + 1,
      };
    }
    const header = how === 'udh16'
      ? [6, 8, 4, reference >> 8, reference & 0xff, of, at + 1]
      : [5, 0, 3, reference & 0xff, of, at + 1];
    const short_message = Buffer.concat([Buffer.from(header), message]);
    return { ...coded, esm_class: 0x40, short_message };
  });
}

// Cuts at whole characters; a part has 153 septets or 67 UTF-16 units, one less with a longer
// header.
function cut(text, gsm, less) {
  const encode = (one) => (gsm ? GSM.encode(one) : UCS2.encode(one));
  const size = (bytes) => (gsm ? bytes.length : bytes.length / 2);
  const whole = encode(text);
  if (size(whole) <= (gsm ? 160 : 70)) return [whole];
  const pieces = [];
  let piece = Buffer.alloc(0);
  for (const character of text) {
    const bytes = encode(character);
    if (size(piece) + size(bytes) > (gsm ? 153 : 67) + less) {
      pieces.push(piece);
      piece = Buffer.alloc(0);
    }
    piece = Buffer.concat([piece, bytes]);
  }
  return [...pieces, piece];
}

// Numbers come without a plus sign and as international (TON 1), names as alphanumeric (TON 5).
function address(side, text) {
  const is_international = /^\+\d+$/.test(text);
  const ton = is_international ? 1 : /^\d+$/.test(text) ? 0 : 5;
  const name = side === 'source' ? 'source_addr' : 'destination_addr';
  return {
    [`${side}_addr_ton`]: ton,
    [`${side}_addr_npi`]: ton === 5 ? 0 : 1,
    [name]: is_international ? text.slice(1) : text,
  };
}

module.exports = { split };
