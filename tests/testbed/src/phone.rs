//! The citizen's phone, in the network of the SMS centre.

use std::fmt::Display;

use anyhow::{Context, Result};
use viadukt_testservers::Smsc;
use viadukt_testservers::smsc::{Sms, Submitted};

use crate::sms::NUMBER;
use crate::wait::until;

/// A phone that writes to the agency's number.
#[derive(Clone, Copy)]
pub struct Phone<'c> {
    /// Its own number.
    pub number: &'c str,
    centre: &'c Smsc,
}

impl<'c> Phone<'c> {
    /// The phone with `number` (international, with a plus sign) in the network of `centre`.
    pub fn new(number: &'c str, centre: &'c Smsc) -> Self {
        Self { number, centre }
    }

    /// Sends a text to the agency, in as many parts as it takes.
    ///
    /// # Errors
    /// The SMS centre died.
    pub async fn write(&self, text: &str) -> Result<()> {
        self.send(Sms { text, ..Sms::default() }).await
    }

    /// Sends `sms`, whatever it is, to the agency.
    ///
    /// # Errors
    /// The SMS centre died.
    pub async fn send(&self, sms: Sms<'_>) -> Result<()> {
        Ok(self.centre.deliver(&Sms { from: self.number, to: NUMBER, ..sms }).await?)
    }

    /// Everything that reached it, also what lacks parts, in the order in which it came.
    ///
    /// # Errors
    /// The SMS centre died.
    pub async fn messages(&self) -> Result<Vec<Submitted>> {
        let number = self.number.trim_start_matches('+');
        let all = self.centre.messages().await?.into_iter();
        Ok(all.filter(|sms| sms.to.trim_start_matches('+') == number).collect())
    }

    /// Waits for a whole message in whose text `fits` finds what it looks for, and returns the
    /// first of them.
    ///
    /// # Errors
    /// `what` did not come in time; the error lists what came instead.
    pub async fn receives(
        &self,
        what: impl Display,
        fits: impl Fn(&str) -> bool,
    ) -> Result<Submitted> {
        let mut came = String::new();
        let received = until(&what, async || {
            let messages = self.messages().await?;
            let found = messages.iter().find(|sms| sms.text().is_some_and(|text| fits(&text)));
            let found = found.cloned();
            came = format!("{messages:#?}");
            Ok(found)
        });
        received.await.with_context(|| format!("{} received only:\n{came}", self.number))
    }
}
