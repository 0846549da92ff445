//! The hub's cryptographic identity: cross-signing, recovery key, key backup.
//!
//! A bot that does not verify its own device cannot be read by clients that exclude insecure
//! devices (MSC4153), so nothing is sent before this is in order.

use std::io;
use std::path::Path;
use std::time::Duration;

use matrix_sdk::Client;
use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::encryption::VerificationState;
use matrix_sdk::encryption::recovery::RecoveryState;
use matrix_sdk::ruma::api::client::filter::FilterDefinition;
use matrix_sdk::ruma::api::client::uiaa::{
    AuthData, MatrixUserIdentifier, Password, UserIdentifier,
};
use matrix_sdk::ruma::presence::PresenceState;
use secrecy::ExposeSecret;

use crate::login::Secret;
use crate::secret_file;
use crate::trouble::Trouble;

/// Puts the keys of a new device onto the homeserver, without which it cannot be signed.
///
/// matrix-sdk does that only beside a sync; this one asks for no room. It moves the client's
/// own sync token, so the client must not be used any further.
pub(crate) async fn announce_device(client: &Client) -> Result<(), Trouble> {
    client.encryption().wait_for_e2ee_initialization_tasks().await;
    let settings = SyncSettings::new()
        .token(SyncToken::NoToken)
        .timeout(Duration::ZERO)
        .set_presence(PresenceState::Offline)
        .filter(FilterDefinition::ignore_all().into());
    client.sync_once(settings).await?;
    Ok(())
}

/// Makes sure that our device is signed by our own identity and that the recovery key lies in
/// `key_file`. Safe to repeat after a crash at any point.
pub(crate) async fn establish(
    client: &Client,
    secret: &Secret,
    key_file: &Path,
) -> Result<(), Trouble> {
    client.encryption().wait_for_e2ee_initialization_tasks().await;
    let kept_key = read_key(key_file)?;
    if !owns_identity(client).await {
        match &kept_key {
            // A new device of an identity that we have: the key brings its secrets back.
            Some(key) if identity_exists(client).await? => {
                client.encryption().recovery().recover(key).await?;
            }
            _ if identity_exists(client).await? => {}
            _ => upload_identity(client, secret).await?,
        }
    }
    // After the homeserver was asked: if it has another identity now, ours is no longer there.
    if !is_verified(client).await? && owns_identity(client).await {
        // An earlier start was cut short before the homeserver had all of it.
        upload_identity(client, secret).await?;
    }
    if !is_verified(client).await? {
        return Err(Trouble::shut(
            "the account has a cryptographic identity that this device has no keys to",
            "put the account's recovery key into recovery_key_file, or reset the identity",
        ));
    }
    secure_recovery(client, key_file, kept_key.is_some()).await
}

/// Whether our own device counts as verified, as far as we know without asking.
pub(crate) fn is_established(client: &Client) -> bool {
    client.encryption().verification_state().get() == VerificationState::Verified
}

/// Whether the private parts of the identity are on this device.
async fn owns_identity(client: &Client) -> bool {
    client.encryption().cross_signing_status().await.is_some_and(|status| status.is_complete())
}

async fn identity_exists(client: &Client) -> Result<bool, Trouble> {
    let own = client.user_id().ok_or_else(not_logged_in)?;
    Ok(client.encryption().request_user_identity(own).await?.is_some())
}

async fn is_verified(client: &Client) -> Result<bool, Trouble> {
    // Asking the homeserver also teaches matrix-sdk the signatures made just before.
    identity_exists(client).await?;
    let device = client.encryption().get_own_device().await.map_err(matrix_sdk::Error::from)?;
    Ok(device.is_some_and(|device| device.is_cross_signed_by_owner()))
}

/// Uploads the identity, made before if there is none yet. The first upload needs no interactive
/// authentication, nor does the same once more (MSC3967); older homeservers ask for the password.
async fn upload_identity(client: &Client, secret: &Secret) -> Result<(), Trouble> {
    let encryption = client.encryption();
    let Err(error) = encryption.bootstrap_cross_signing(None).await else {
        return Ok(());
    };
    let (Some(asked), Secret::Password(password)) = (error.as_uiaa_response(), secret) else {
        return Err(error.into());
    };
    let user = client.user_id().ok_or_else(not_logged_in)?;
    let identifier = UserIdentifier::Matrix(MatrixUserIdentifier::new(user.to_string()));
    let mut answer = Password::new(identifier, password.expose_secret().to_owned());
    answer.session.clone_from(&asked.session);
    Ok(encryption.bootstrap_cross_signing(Some(AuthData::Password(answer))).await?)
}

/// Makes sure that secret storage and key backup are on and that their key is in the file.
///
/// If a crash lost the key between its making and its writing, the device still has all the
/// secrets, and a new key is made.
async fn secure_recovery(client: &Client, key_file: &Path, kept: bool) -> Result<(), Trouble> {
    let recovery = client.encryption().recovery();
    let key = match recovery.state() {
        RecoveryState::Enabled if kept => return Ok(()),
        RecoveryState::Enabled => recovery.reset_key().await?,
        RecoveryState::Disabled if kept => {
            return Err(Trouble::shut(
                "recovery_key_file holds a key, but the account has no secret storage",
                "move the file away; a new key is then made and written",
            ));
        }
        RecoveryState::Disabled => {
            let backups = client.encryption().backups();
            if !backups.are_enabled().await && backups.fetch_exists_on_server().await? {
                // A start was cut short after making it, and with it its key was lost. A new
                // version takes its place; the homeserver keeps the old one.
                backups.create().await?;
            }
            recovery.enable().await?
        }
        RecoveryState::Incomplete | RecoveryState::Unknown => {
            return Err(Trouble::wait("the account's secret storage is not complete yet"));
        }
    };
    secret_file::write(key_file, &format!("{key}\n")).map_err(|e| unusable(key_file, &e))
}

fn read_key(path: &Path) -> Result<Option<String>, Trouble> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|key| !key.is_empty())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unusable(path, &e)),
    }
}

fn unusable(path: &Path, error: &io::Error) -> Trouble {
    Trouble::shut(
        format!("recovery_key_file {}: {error}", path.display()),
        "make it readable and its folder writable for viadukt",
    )
}

fn not_logged_in() -> Trouble {
    Trouble::wait("not logged in yet")
}
