// The mobile network behind the centre: it brings what phones send to the bound clients, and
// brings it again until a client has taken it. What waits keeps its order: as long as something is
// to be brought again, nothing that phones sent later goes before it.
'use strict';

const smpp = require('smpp');
const { split } = require('./split');

// A client that took nothing, or that did not answer within the timeout, is tried again.
const PAUSE = 200;
const TIMEOUT = 10000;

class Network {
  constructor() {
    this.sessions = [];
    this.counts = {};
    this.queue = [];
    this.brought = 0;
    this.pausing = null;
    this.turn = 0;
    this.flooding = null;
  }

  count(what) {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  joined(session) {
    session.number = this.counts.bound = (this.counts.bound ?? 0) + 1;
    session.open = new Map();
    this.sessions.push(session);
    this.flush();
  }

  left(session) {
    const at = this.sessions.indexOf(session);
    if (at < 0) return;
    this.sessions.splice(at, 1);
    for (const { item, timer } of session.open.values()) {
      clearTimeout(timer);
      this.queue.push(item);
    }
    this.flush();
  }

  // Brings a text, in the parts and the order that are asked for.
  deliver(order) {
    const parts = split(order);
    const places = order.places ?? parts.map((_, at) => at + 1);
    for (const place of places) this.bring(parts[place - 1], order.spread);
  }

  // Brings one PDU; `spread` over all binds in turn, otherwise over the first.
  bring(pdu, spread) {
    this.counts.pending = (this.counts.pending ?? 0) + 1;
    this.queue.push({ pdu, spread, place: this.brought++ });
    this.flush();
  }

  flush() {
    const receivers = this.sessions.filter((session) => session.kind !== 'tx');
    if (receivers.length === 0 || this.pausing) return;
    this.queue.sort((one, other) => one.place - other.place);
    for (const item of this.queue.splice(0)) {
      const at = item.spread ? this.turn++ % receivers.length : 0;
      this.offer(receivers[at], item);
    }
  }

  offer(session, item) {
    // An object of its own for each try: the library writes into what it sends.
    const pdu = new smpp.PDU('deliver_sm', item.pdu);
    this.count('offered');
    session.send(pdu);
    const timer = setTimeout(() => this.again(session, pdu.sequence_number), TIMEOUT);
    session.open.set(pdu.sequence_number, { item, timer });
  }

  again(session, sequence) {
    const { item, timer } = session.open.get(sequence);
    clearTimeout(timer);
    session.open.delete(sequence);
    this.queue.push(item);
    this.pausing ??= setTimeout(() => {
      this.pausing = null;
      this.flush();
    }, PAUSE);
  }

  answered(session, pdu) {
    if (this.flooding?.session === session) return this.flooding.answered(pdu);
    if (!session.open?.has(pdu.sequence_number)) return;
    if (pdu.command_status !== smpp.ESME_ROK) {
      this.count('refused');
      this.again(session, pdu.sequence_number);
      return;
    }
    clearTimeout(session.open.get(pdu.sequence_number).timer);
    session.open.delete(pdu.sequence_number);
    this.count('taken');
    this.counts.pending -= 1;
  }

  // Brings `count` short texts with `window` of them open, and tells how long that took in ms.
  // Each comes from a number of its own, up to `numbers` of them.
  flood({ count, window, to, numbers }) {
    const session = this.sessions.find((one) => one.kind !== 'tx');
    return new Promise((done) => {
      let sent = 0;
      let back = 0;
      let refused = 0;
      const since = process.hrtime.bigint();
      const next = () => {
        const from = `4917${String(10000000 + (sent % numbers))}`;
        session.deliver_sm({
          source_addr_ton: 1, source_addr_npi: 1, source_addr: from,
          dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: to,
          short_message: Buffer.from(`Nachricht ${sent++}`),
        });
      };
      this.flooding = {
        session,
        answered: (pdu) => {
          if (pdu.command_status !== smpp.ESME_ROK) refused += 1;
          back += 1;
          if (sent < count) next();
          if (back < count) return;
          this.flooding = null;
          done({ ms: Number(process.hrtime.bigint() - since) / 1e6, refused });
        },
      };
      for (let open = 0; open < Math.min(window, count); open += 1) next();
    });
  }
}

module.exports = { Network };
