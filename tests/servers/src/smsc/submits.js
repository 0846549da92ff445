// What clients submit: taken, or refused, or answered badly, as ordered; and its receipts.
'use strict';

const smpp = require('smpp');

const STATES = { DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };

class Submits {
  constructor(network) {
    this.network = network;
    this.parts = [];
    this.held = [];
    this.next = 0xa0000000;
    this.behave({});
  }

  // Replaces the whole behaviour; what is not named is as usual.
  behave(order) {
    this.how = {
      receipts: 'none', form: 'both', ids: "same", state: 'DELIVRD',
      refuse: 0, status: smpp.ESME_RTHROTTLED, lose: 0, drop: 0, double: 0, delay: 0, keep: true,
      ...order,
    };
  }

  take(session, pdu) {
    if (session.kind === null || session.kind === 'rx') {
      return session.send(pdu.response({ command_status: smpp.ESME_RINVBNDSTS }));
    }
    if (this.spend('refuse')) {
      return session.send(pdu.response({ command_status: this.how.status }));
    }
    // A session that drops takes the message with it, one that loses the answer does not.
    if (this.spend('drop')) return session.destroy();
    const part = this.keep(session, pdu);
    const early = this.how.receipts === 'early';
    if (early) this.report(part);
    const answer = () => {
      if (this.spend('lose')) return;
      for (let times = this.spend('double') ? 2 : 1; times > 0; times -= 1) {
        session.send(pdu.response({ message_id: part.id }));
      }
    };
    if (this.how.delay) setTimeout(answer, this.how.delay);
    else answer();
    if (!early && this.asked(pdu)) this.report(part);
  }

  // Whether one of so many times that something goes wrong is left.
  spend(what) {
    if (this.how[what] === 0) return false;
    this.how[what] -= 1;
    this.network.count(what);
    return true;
  }

  asked(pdu) {
    return (pdu.registered_delivery & 3) !== 0 || this.how.receipts === 'early';
  }

  keep(session, pdu) {
    const number = this.next++;
    const form = { hex: number.toString(16), decimal: String(number) };
    const { ids } = this.how;
    const part = {
      // `hex-to-decimal`: hexadecimal in the answer, decimal in the receipt, as jasmin 535 tells.
      id: ids === 'hex-to-decimal' ? form.hex.toUpperCase() : form.decimal,
      later: ids === 'decimal-to-hex' ? `00${form.hex}` : form.decimal,
      session: session.number,
      pdu,
    };
    if (this.how.keep) this.parts.push(part);
    return part;
  }

  report(part) {
    const { receipts, form, state } = this.how;
    if (receipts === 'none') return;
    if (receipts === 'late') {
      this.held.push(part);
      return;
    }
    const times = receipts === 'twice' ? 2 : 1;
    for (let time = 0; time < times; time += 1) this.send(part, form, state);
  }

  // A receipt by hand: for the `id` that the answer had.
  receipt({ id, state, form }) {
    const part = this.parts.find((one) => one.id === id);
    if (!part) throw new Error(`no message ${id}`);
    this.send(part, form ?? this.how.form, state);
  }

  // Sends the receipts that were held, the last first.
  release() {
    for (const part of this.held.splice(0).reverse()) {
      this.send(part, this.how.form, this.how.state);
    }
  }

  send(part, form, state) {
    const { pdu } = part;
    const receipt = {
      esm_class: 0x04,
      source_addr_ton: pdu.dest_addr_ton,
      source_addr_npi: pdu.dest_addr_npi,
      source_addr: pdu.destination_addr,
      dest_addr_ton: pdu.source_addr_ton,
      dest_addr_npi: pdu.source_addr_npi,
      destination_addr: pdu.source_addr,
    };
    if (form !== 'tlv') {
      const good = state === 'DELIVRD';
      const date = new Date().toISOString().replace(/\D/g, '').slice(2, 12);
      const text = `id:${part.later} sub:001 dlvrd:${good ? '001' : '000'} submit date:${date} `
        + `done date:${date} stat:${state} err:${good ? '000' : '027'} text:`;
      receipt.short_message = Buffer.from(text);
    }
    if (form !== 'text') {
      receipt.receipted_message_id = part.later;
      receipt.message_state = STATES[state];
      // The client's own reference, given back (SMPP 3.4 5.3.2.17).
      const own = pdu.user_message_reference;
      if (own !== undefined) receipt.user_message_reference = own;
    }
    this.network.bring(receipt, false);
  }

  // What came, put together: parts of a text in one message, in the order of its first part.
  // A part that came before begins the message anew, so that what came twice is seen twice.
  messages() {
    const messages = [];
    const last = new Map();
    for (const { id, session, pdu } of this.parts) {
      const { key, place, of } = joint(pdu) ?? { key: id, place: 1, of: 1 };
      let message = last.get(key);
      if (!message || message.parts.some((part) => part.place === place)) {
        message = begun(pdu, of);
        messages.push(message);
        last.set(key, message);
      }
      if (!message.sessions.includes(session)) message.sessions.push(session);
      message.parts.push({ id, place, text: text(pdu) });
    }
    return messages;
  }
}

function begun(pdu, of) {
  return {
    from: pdu.source_addr,
    from_ton: pdu.source_addr_ton,
    to: pdu.destination_addr,
    to_ton: pdu.dest_addr_ton,
    coding: pdu.data_coding,
    of,
    sessions: [],
    parts: [],
  };
}

// By what a part is joined with the others.
function joint(pdu) {
  const ends = `${pdu.source_addr}>${pdu.destination_addr}`;
  if (pdu.sar_msg_ref_num !== undefined) {
    const { sar_msg_ref_num, sar_total_segments, sar_segment_seqnum } = pdu;
    return {
      key: `${ends} sar ${sar_msg_ref_num}`, place: sar_segment_seqnum, of: sar_total_segments,
    };
  }
  // The library gives the header's elements, each with its kind and length before it.
  const element = pdu.short_message?.udh?.find((one) => one[0] === 0 || one[0] === 8);
  if (!element) return null;
  const [of, place] = element.subarray(-2);
  return { key: `${ends} udh ${element.subarray(2, -2).toString('hex')}`, place, of };
}

function text(pdu) {
  const message = pdu.short_message?.message;
  const said = message?.length ? message : pdu.message_payload?.message ?? message;
  return typeof said === 'string' ? said : Buffer.from(said ?? '').toString('hex');
}

module.exports = { Submits };
