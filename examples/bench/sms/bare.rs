//! A client of raw bytes that does nothing but keep the SMS centre busy: what anybody can reach.

use anyhow::{Result, ensure};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use viadukt_testbed::NUMBER;
use viadukt_testbed::servers::Smsc;

// Commands (SMPP 3.4 5.1.2.1).
const BIND_TRANSCEIVER: u32 = 0x09;
const SUBMIT_SM: u32 = 0x04;
const DELIVER_SM: u32 = 0x05;
const RESPONSE: u32 = 0x8000_0000;

/// A header (SMPP 3.4 3.2).
const HEADER: usize = 16;

const TEXT: &[u8] = b"Ihr Ausweis liegt ab morgen im Rathaus zur Abholung bereit.";

/// A session.
pub struct Bare {
    stream: TcpStream,
    came: BytesMut,
    goes: Vec<u8>,
    sequence: u32,
}

/// What to do.
#[derive(Clone, Copy)]
pub struct Load {
    /// So many messages are submitted, each asking for a receipt.
    pub submit: u32,
    /// So many of them may be unanswered.
    pub window: u32,
    /// So many messages or receipts are taken.
    pub take: u32,
}

/// A unit that came; its body is of no interest.
struct Head {
    command: u32,
    sequence: u32,
}

impl Bare {
    /// Connects and binds as a transceiver.
    ///
    /// # Errors
    /// The centre refused.
    pub async fn bind(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let mut bare = Self { stream, came: BytesMut::new(), goes: Vec::new(), sequence: 0 };
        // system_id, password, system_type, interface_version, TON, NPI, address_range.
        let body = [b"bare\0", Smsc::PASSWORD.as_bytes(), b"\0\0\x34\0\0\0"].concat();
        bare.ask(BIND_TRANSCEIVER, &body)?;
        let answer = bare.next().await?;
        ensure!(answer.command == BIND_TRANSCEIVER | RESPONSE, "the bind was not answered");
        Ok(bare)
    }

    /// Does what `load` says, and returns when all of it is answered and taken.
    ///
    /// # Errors
    /// The connection ended, or something was refused.
    pub async fn carry(&mut self, load: Load) -> Result<()> {
        let (mut sent, mut answered, mut taken) = (0, 0, 0);
        let submission = submission();
        loop {
            while sent < load.submit && sent - answered < load.window {
                self.ask(SUBMIT_SM, &submission)?;
                sent += 1;
            }
            if answered == load.submit && taken == load.take {
                return self.flush().await;
            }
            let head = self.next().await?;
            match head.command {
                DELIVER_SM => {
                    taken += 1;
                    self.put(DELIVER_SM | RESPONSE, head.sequence, b"\0")?;
                }
                command if command == SUBMIT_SM | RESPONSE => answered += 1,
                _ => {}
            }
        }
    }

    fn ask(&mut self, command: u32, body: &[u8]) -> Result<()> {
        self.sequence += 1;
        self.put(command, self.sequence, body)
    }

    fn put(&mut self, command: u32, sequence: u32, body: &[u8]) -> Result<()> {
        let length = u32::try_from(HEADER + body.len())?;
        for field in [length, command, 0, sequence] {
            self.goes.extend(field.to_be_bytes());
        }
        self.goes.extend(body);
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.goes).await?;
        self.goes.clear();
        Ok(())
    }

    /// The next unit. What waits to be written goes out before we wait.
    async fn next(&mut self) -> Result<Head> {
        loop {
            if let Some(head) = self.whole()? {
                return Ok(head);
            }
            self.flush().await?;
            let read = self.stream.read_buf(&mut self.came).await?;
            ensure!(read > 0, "the SMS centre closed the connection");
        }
    }

    fn whole(&mut self) -> Result<Option<Head>> {
        let Some(mut fields) = self.came.get(..HEADER) else { return Ok(None) };
        let length = usize::try_from(fields.get_u32())?;
        let (command, status, sequence) = (fields.get_u32(), fields.get_u32(), fields.get_u32());
        if self.came.len() < length {
            return Ok(None);
        }
        self.came.advance(length);
        ensure!(status == 0, "the SMS centre answered with {status:#x}");
        Ok(Some(Head { command, sequence }))
    }
}

/// The body of a submit_sm (SMPP 3.4 4.4.1) in the default alphabet.
fn submission() -> Vec<u8> {
    let from = NUMBER.trim_start_matches('+').as_bytes();
    let to = b"491713920001";
    let mut body = Vec::new();
    // service_type; TON, NPI and address of both ends.
    body.extend([0, 1, 1]);
    body.extend(from);
    body.extend([0, 1, 1]);
    body.extend(to);
    // esm_class, protocol_id, priority_flag, schedule_delivery_time, validity_period,
    // registered_delivery, replace_if_present_flag, data_coding, sm_default_msg_id.
    body.extend([0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    body.push(u8::try_from(TEXT.len()).unwrap_or(0));
    body.extend(TEXT);
    body
}
