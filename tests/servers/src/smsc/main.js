// An SMS centre that speaks SMPP 3.4, on the npm package `smpp`, for tests and the benchmark.
//
//   node main.js PORT CONTROL TLS CERTIFICATE KEY
//
// listens with SMPP on PORT and with SMPP over TLS on TLS, and takes orders on CONTROL: HTTP,
// `POST /order` with JSON, answered with JSON. The orders are at the end of this file; the Rust
// side names and explains them (`smsc.rs`).
'use strict';

const fs = require('fs');
const http = require('http');
const smpp = require('smpp');
const { Network } = require('./network');
const { Submits } = require('./submits');

const [port, control, tlsPort, certificate, key] = process.argv.slice(2);
const network = new Network();
const submits = new Submits(network);
const binds = { bind_transceiver: 'trx', bind_transmitter: 'tx', bind_receiver: 'rx' };

// Whether it hears its clients: a deaf centre keeps connections and answers nothing.
let deaf = false;
let password = 'geheim';

function serve(session) {
  session.kind = null;
  // Node puts small writes off by default and so would measure Nagle instead of the bridge.
  session.socket.setNoDelay(true);
  session.on('error', () => session.destroy());
  session.on('close', () => network.left(session));
  session.on('pdu', (pdu) => {
    if (deaf) return;
    network.count(pdu.command);
    if (pdu.command === 'submit_sm') submits.take(session, pdu);
    else if (pdu.command in binds) bind(session, pdu);
    else if (pdu.command === 'enquire_link') session.send(pdu.response());
    else if (pdu.command === 'unbind') session.send(pdu.response(), () => session.close());
    else if (!pdu.isResponse()) session.send(pdu.response());
    else network.answered(session, pdu);
  });
}

function bind(session, pdu) {
  const status = pdu.password === password ? smpp.ESME_ROK : smpp.ESME_RINVPASWD;
  const answer = { command_status: status, system_id: 'centre', sc_interface_version: 0x34 };
  session.send(pdu.response(answer));
  if (status === smpp.ESME_ROK) {
    session.kind = binds[pdu.command];
    network.joined(session);
  }
}

const servers = [[smpp.createServer(serve), Number(port)]];
if (tlsPort !== '0') {
  const options = { key: fs.readFileSync(key), cert: fs.readFileSync(certificate) };
  servers.push([smpp.createServer(options, serve), Number(tlsPort)]);
}
const listen = () => Promise.all(servers.map(([server, at]) =>
  new Promise((done, failed) => server.once('error', failed).listen(at, '127.0.0.1', done))));

const drop = () => servers.forEach(([server]) =>
  server.sessions.forEach((session) => session.destroy()));

const orders = {
  behave: (order) => submits.behave(order),
  // Goes away as a stopped server does, and comes back; what it holds, it keeps.
  away: () => {
    const closed = servers.map(([server]) => new Promise((done) => server.close(done)));
    drop();
    return Promise.all(closed).then(() => null);
  },
  back: () => listen().then(() => null),
  drop,
  deaf: (order) => { deaf = order; },
  password: (order) => { password = order; },
  deliver: (order) => network.deliver(order),
  flood: (order) => network.flood(order),
  receipt: (order) => submits.receipt(order),
  release: (order) => submits.release(order),
  messages: (order) => submits.messages(order),
  counts: () => ({ ...network.counts, sessions: network.sessions.length }),
};

http.createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  try {
    const answer = await orders[request.url.slice(1)](body ? JSON.parse(body) : undefined);
    response.end(JSON.stringify(answer ?? null));
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error.stack));
  }
}).listen(Number(control), '127.0.0.1');

listen();
