//! What the SMS centre can be told, and what it tells.

use serde::{Deserialize, Serialize};

/// What it does with what clients submit. The default takes everything and gives no receipts.
#[derive(Clone, Debug, Serialize)]
pub struct Behaviour {
    /// When receipts come, for messages that ask for them.
    pub receipts: Receipts,
    /// Where a receipt says what it says.
    pub form: Form,
    /// How the id in a receipt relates to the one in the answer.
    pub ids: Ids,
    /// What receipts say: `DELIVRD`, `UNDELIV`, `EXPIRED`, … (SMPP 3.4 appendix B).
    pub state: &'static str,
    /// So many messages are refused with `status`.
    pub refuse: u32,
    /// The status of a refusal (SMPP 3.4 5.1.3); 0x58 means throttled, 0x14 a full queue.
    pub status: u32,
    /// At so many messages the session breaks; they are not taken.
    pub drop: u32,
    /// So many messages are taken and not answered.
    pub lose: u32,
    /// So many messages are answered twice.
    pub double: u32,
    /// Milliseconds until an answer.
    pub delay: u32,
    /// Whether messages are kept for [`Smsc::messages`]; counting alone costs no memory.
    pub keep: bool,
}

/// When receipts come.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receipts {
    /// Never: lost on the way.
    None,
    /// Right after the answer.
    Now,
    /// Before the answer.
    Early,
    /// When [`Smsc::release`] lets them go.
    Late,
    /// Right after the answer, and once more.
    Twice,
}

/// Where a receipt says what it says.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// In its text only: `id:… stat:…`.
    Text,
    /// In `receipted_message_id`, `message_state` and the client's own
    /// `user_message_reference` only.
    Tlv,
    /// In both.
    Both,
}

/// How the id in a receipt relates to the one in the answer.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ids {
    /// They are equal.
    Same,
    /// Hexadecimal in the answer, decimal in the receipt.
    HexToDecimal,
    /// Decimal in the answer, hexadecimal with leading zeros in the receipt.
    DecimalToHex,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            receipts: Receipts::None,
            form: Form::Both,
            ids: Ids::Same,
            state: "DELIVRD",
            refuse: 0,
            status: 0x58,
            drop: 0,
            lose: 0,
            double: 0,
            delay: 0,
            keep: true,
        }
    }
}

/// What a phone sends.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sms<'a> {
    /// The phone: with a plus sign an international number, otherwise a short code or a name.
    pub from: &'a str,
    /// The number that it writes to.
    pub to: &'a str,
    /// The text, in as many parts as it takes.
    pub text: &'a str,
    /// How the parts are joined.
    pub how: Join,
    /// Which parts come, in this order, from 1; all of them without it.
    pub places: Option<&'a [u8]>,
    /// Over all binds in turn instead of the first.
    pub spread: bool,
    /// Bytes in hexadecimal instead of text (`data_coding` 4).
    pub binary: Option<&'a str>,
}

/// How the parts of a long text are joined.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// By a user data header with a reference of 8 bits.
    #[default]
    Udh8,
    /// By a user data header with a reference of 16 bits.
    Udh16,
    /// By `sar_msg_ref_num` and its like.
    Sar,
    /// There is one part, in `message_payload`.
    Payload,
}

/// A message that a client submitted.
#[derive(Clone, Debug, Deserialize)]
pub struct Submitted {
    /// The sender, as it was written.
    pub from: String,
    /// The sender's type of number.
    pub from_ton: u8,
    /// The recipient, as it was written.
    pub to: String,
    /// The recipient's type of number.
    pub to_ton: u8,
    /// The `data_coding`.
    pub coding: u8,
    /// So many parts it should have.
    pub of: u8,
    /// The binds over which its parts came, by their number since the start.
    pub sessions: Vec<u32>,
    /// The parts that came.
    pub parts: Vec<Part>,
}

/// One part of a message, or the whole.
#[derive(Clone, Debug, Deserialize)]
pub struct Part {
    /// The id that it was taken under, as the answer had it.
    pub id: String,
    /// Its place, from 1.
    pub place: u8,
    /// Its text.
    pub text: String,
}

/// How fast phones' messages were taken.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Flood {
    /// Milliseconds from the first message to the last answer.
    pub ms: f64,
    /// How many were refused.
    pub refused: u64,
}

impl Submitted {
    /// The text, when all parts are there.
    pub fn text(&self) -> Option<String> {
        let mut parts: Vec<_> = self.parts.iter().collect();
        parts.sort_by_key(|part| part.place);
        (parts.len() == usize::from(self.of))
            .then(|| parts.iter().map(|part| part.text.as_str()).collect())
    }
}
